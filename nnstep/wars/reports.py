"""How far the running jobs are: a small file each in one folder, for whoever watches."""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnstep.errors import NnstepError

TOPIC = "nnstep-wars"


@dataclass(frozen=True, slots=True)
class FileReporter:
    """Writes reports into the folder; it can be sent to another process.

    Attributes:
        folder: the one folder.
        contest: the process of the contest; one that was started by it ends when that is gone.
    """

    folder: str
    contest: int = field(default_factory=os.getpid)

    def __call__(self, report: dict[str, Any]) -> None:
        """Replaces the job's file whole; a full disk or a folder that went away does not hinder the contest."""
        if self.contest not in (os.getpid(), os.getppid()):
            os._exit(1)
        path = os.path.join(self.folder, f"{report['key']}.json")
        with contextlib.suppress(OSError):
            with open(f"{path}.new", "w", encoding="utf-8") as file:
                json.dump(report, file)
            os.replace(f"{path}.new", path)


@dataclass(frozen=True, slots=True)
class ClusterReporter:
    """Sends reports from a worker of a cluster to whoever subscribed to `TOPIC`."""

    def __call__(self, report: dict[str, Any]) -> None:
        """Sends one; ends a job that nobody waits for any more, as when its contest was stopped.

        Raises:
            NnstepError: so it is.
        """
        from distributed import get_worker

        with contextlib.suppress(ValueError, OSError):
            worker = get_worker()
            worker.log_event(TOPIC, report)
            task = worker.state.tasks.get(worker.get_current_task())
            if task is None or task.state == "cancelled":
                raise NnstepError("its contest was stopped")


class Reports:
    """The folder, as whoever watches sees it.

    Args:
        results: the results file; the folder is beside it.
    """

    def __init__(self, results: str) -> None:
        self.folder = Path(f"{results}.running")

    def begin(self) -> None:
        """Makes the folder, empty."""
        self.folder.mkdir(exist_ok=True)
        for path in self.folder.iterdir():
            path.unlink()

    def end(self) -> None:
        """Takes the folder away."""
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                path.unlink()
            self.folder.rmdir()

    def drop(self, key: str) -> None:
        """Takes away what a job reported: it is over."""
        (self.folder / f"{key}.json").unlink(missing_ok=True)

    def read(self, within: float = math.inf) -> dict[str, dict[str, Any]]:
        """The last report of each job that is running, by its key; `within` so many seconds."""
        found = {}
        for path in sorted(self.folder.glob("*.json")):
            with contextlib.suppress(OSError, ValueError):
                if time.time() - path.stat().st_mtime > within:
                    continue
                found[path.stem] = json.loads(path.read_text(encoding="utf-8"))
        return found
