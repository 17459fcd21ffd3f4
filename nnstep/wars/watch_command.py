"""`nnstep wars --watch`: the app that follows a contest, and the debugger on a contender's run from there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nnstep.errors import NnstepError
from nnstep.samples import Dataset
from nnstep.signals import Interrupted, exit_code, interrupting
from nnstep.wars.child import ContestProcess
from nnstep.wars.contest import Job
from nnstep.wars.following import Follower
from nnstep.wars.rerun import run_file


@dataclass(frozen=True, eq=False, slots=True)
class Watched:
    """What the app is given.

    Attributes:
        follower: tells how the contest stands.
        process: runs it; None where results are looked at alone.
        results: the results files.
        jobs: the contest's by their keys; none where results are looked at alone.
        data: where the samples are, if elsewhere than when the results came.
        dataset: the samples, if they are loaded.
    """

    follower: Follower
    process: ContestProcess | None
    results: tuple[str, ...]
    jobs: Mapping[str, Job] = field(default_factory=dict)
    data: str | None = None
    dataset: Dataset | None = None

    def kept_run(self, key: str) -> str | None:
        """The file of a job's run that --save-runs kept."""
        return next((str(path) for path in (run_file(file, key) for file in self.results) if path.is_file()), None)


def check_terminal() -> None:
    """Raises an NnstepError where an app cannot be shown."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NnstepError("--watch needs a terminal", "Without it the contest runs with a line for each result")


def watch(watched: Watched) -> int:
    """Shows the app until it is left; the debugger, where a run is opened, in between. Returns the exit code."""
    from nnstep_tui.contest import ContestApp
    from nnstep_tui.contest_looks import ContestLooks

    looks = ContestLooks()
    with tempfile.TemporaryDirectory(prefix="nnstep-") as folder:
        try:
            if watched.process:
                watched.process.start()
            while True:
                app = ContestApp(watched, looks, Path(folder))
                code = app.run() or 0
                if app.opened is None:
                    return code
                _debug(app.opened)
        except Interrupted as signal:
            return exit_code(signal.number)
        finally:
            if watched.process:
                watched.process.close()


def _debug(run: str) -> None:
    """The debugger, in a process of its own: whatever becomes of it, the contest goes on."""
    with interrupting(), subprocess.Popen([sys.executable, "-m", "nnstep", "debug", "--run", run]) as process:
        try:
            process.wait()
        except Interrupted:
            process.terminate()
            process.wait()
            raise
