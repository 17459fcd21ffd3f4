"""Keeps a run on disk while it goes on: a thread writes what was the state at one moment, whole or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from nnstep.background import Job, Latest
from nnstep.errors import NnstepError
from nnstep.runs import Snapshot, take_snapshot, write_snapshot
from nnstep.storage import check_writable
from nnstep.timeline import Timeline

SECONDS = 30.0
KEPT_FILES = 10
LONG, PAUSE = 2.0, 5.0


class Autosave:
    """Saves a run at each epoch's end and every 30 s.

    Taking a snapshot costs well under a millisecond; a thread writes it. Where saving takes longer than an epoch, the
    last snapshot that waits is the one that is written next. After a save that took longer than 2 s, the next one comes
    when five times as long has passed, or 30 s.

    What goes wrong is told, and training goes on; the next save tries again.

    Args:
        path: the file; what is in it is replaced whole.
        config: the options that the run was made with.
        notice: is told in a line what went wrong, and when it works again; the writing thread may call it.
        notes: gives breakpoints and watches to save, as `notes_of` does.
        seconds: the longest time between two saves.

    Attributes:
        saved: how many samples the run had come at the last save; None before the first.
    """

    def __init__(
        self,
        path: str,
        config: dict[str, Any],
        notice: Callable[[str], object],
        notes: Callable[[], dict[str, Any]] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self.path, self.config, self.seconds = path, config, seconds
        self.saved: int | None = None
        self._notice, self._notes = notice, notes
        self._trouble = ""
        self._known: object = None
        self._began, self._took = time.monotonic(), 0.0
        remove_leftovers(path)
        try:
            check_writable(path)
        except NnstepError as error:
            self._tell(error)
        self._ended: list[Job] = []
        self._writer = Latest("autosave")

    def follow(self, timeline: Timeline, epoch_ended: bool, then: Job | None = None) -> bool:
        """Saves where it is time to: at an epoch's end, or after 30 s. The timeline must stand still meanwhile.

        Args:
            timeline: the run.
            epoch_ended: it stands at the end of an epoch.
            then: is called when an epoch's end is on disk, or could not be put there; by the writing thread. Where
                the epoch has not ended, it is called at once.

        Returns:
            Whether it began to save.
        """
        if not epoch_ended and then:
            then()
        elif epoch_ended:
            self._ended.append(then or (lambda: None))
        passed = time.monotonic() - self._began
        rest = PAUSE * self._took if self._took > LONG else 0
        if passed >= self.seconds or (self._ended and passed >= rest):
            self.save(timeline)
            return True
        return False

    def save(self, timeline: Timeline, then: Job | None = None) -> None:
        """Saves the run as it is now, unless nothing has changed since the last time."""
        self._began = time.monotonic()
        ended, self._ended = [*self._ended, *([then] if then else [])], []
        notes = self._notes() if self._notes else None
        known = (_state_of(timeline), notes)
        if known != self._known or self._trouble:
            self._known = known
            snapshot = take_snapshot(timeline, self.config, notes)
            self._writer.submit(lambda: self._write(snapshot))
        for call in ended:
            self._writer.after(call)

    def wait(self) -> None:
        """Waits until all that was to be saved is on disk, or could not be put there."""
        self._writer.wait()

    def close(self, timeline: Timeline | None = None) -> None:
        """Saves the run a last time where one is given, waits for that, and ends the thread."""
        if timeline:
            self.save(timeline)
        self._writer.close()
        for call in self._ended:
            call()
        self._ended = []

    def discard(self) -> None:
        """Ends the thread, and removes the file."""
        self.close()
        Path(self.path).unlink(missing_ok=True)

    def _write(self, snapshot: Snapshot) -> None:
        began = time.monotonic()
        try:
            write_snapshot(self.path, snapshot)
        except (NnstepError, MemoryError, OSError) as error:
            self._tell(error)
            return
        finally:
            self._took = time.monotonic() - began
        self.saved = snapshot.reached
        if self._trouble:
            self._trouble = ""
            self._notice(f"autosave works again: {self.path}")

    def _tell(self, error: BaseException) -> None:
        text = str(error) or type(error).__name__
        if text != self._trouble:
            self._trouble = text
            self._notice(f"autosave failed: {text}. Training goes on; the next save tries again")


def default_autosave_path(folder: Path | None = None) -> str:
    """Where a run is kept that nobody gave a name: a file of its own in the account's state folder.

    The ten newest of them stay there; older ones are removed.
    """
    from platformdirs import user_state_path

    folder = folder or user_state_path("nnstep") / "runs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = sorted(folder.glob("autosave-*.nnrun"), key=lambda path: path.stat().st_mtime)
        for old in known[: max(0, len(known) - KEPT_FILES + 1)]:
            old.unlink(missing_ok=True)
    except OSError:
        pass  # Autosave tells it
    return str(folder / f"autosave-{datetime.now():%Y-%m-%d-%H%M%S}-{os.getpid()}.nnrun")


def remove_leftovers(path: str) -> None:
    """Removes what a process that was killed while it wrote this file has left beside it."""
    target = Path(path)
    try:
        for other in target.parent.iterdir():
            if other.name.startswith(f".{target.name}.") and len(other.name) == len(target.name) + 10:
                other.unlink(missing_ok=True)
    except OSError:
        pass  # it only costs room


def _state_of(timeline: Timeline) -> object:
    branches = [
        (branch.name, len(branch.log), branch.head, len(branch.scores), branch.edit, id(branch.log))
        for branch in timeline.branches.values()
    ]
    return branches, timeline.branch.name, timeline.count
