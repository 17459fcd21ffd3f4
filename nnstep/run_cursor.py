"""A cursor on the way of a run: any sample that was trained, found by its place or by what happened there."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from nnstep.branches import Branch, path_of
from nnstep.digit_history import first_right
from nnstep.errors import NnstepError
from nnstep.history import History
from nnstep.network import loss_text
from nnstep.timeline import Timeline

OLDEST = 1.0


class RunCursor:
    """Stands on a sample on the way to the end of the present branch, or follows the last one.

    Args:
        timeline: the run; another thread may train it meanwhile.

    Attributes:
        index: which sample, as an index in the history; None while it follows the last one.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.index: int | None = None
        self._known: tuple[Branch, float, History] | None = None

    @property
    def trained(self) -> int:
        """How many samples there are on the way."""
        path = path_of(self.timeline.branch)
        own = len(path[0].log)
        return own + sum(child.origin - part.start for child, part in zip(path, path[1:], strict=False))

    @property
    def here(self) -> int:
        """Its index, the last one's while it follows; −1 where nothing was trained."""
        last = self.trained - 1
        return last if self.index is None else min(self.index, last)

    def place(self) -> tuple[Branch, int]:
        """The branch that has the sample, and its count."""
        return self.timeline.place_at(max(self.here, 0))

    def move(self, samples: int) -> None:
        """So many samples on, or back; beyond the last one it follows."""
        self.put(self.here + samples)

    def put(self, index: int) -> None:
        """Goes to an index, or the nearest one that there is."""
        self.index = None if index >= self.trained else max(0, index)

    def put_count(self, count: float) -> None:
        """Goes to the sample whose count is nearest."""
        counts = self.timeline.history().counts
        if len(counts):
            self.put(int(np.argmin(np.abs(counts - count))))

    def seek(self, look_up: Callable[[History, int], int | None], what: str, forward: bool = True) -> None:
        """Goes where a look-up in the history leads, from the cursor on.

        Args:
            look_up: is given the history and an index.
            what: what there is not, where it leads nowhere.
            forward: it looks onwards: while the cursor follows the last sample, from the run's start on.

        Raises:
            NnstepError: it leads nowhere.
        """
        begin = -1 if forward and self.index is None else self.here
        found = look_up(self._history(begin), begin)
        if found is None:
            raise NnstepError(f"There is no {what}")
        self.put(found)

    def _history(self, begin: int) -> History:
        """The history, at most a second old: while it grows, gathering it takes longer than looking things up."""
        branch, now = self.timeline.branch, time.monotonic()
        if self._known and self._known[0] is branch:
            gathered, history = self._known[1:]
            grown = len(history.counts) < self.trained
            if not grown or (now - gathered < OLDEST and begin < len(history.counts) - 1):
                return history
        history = self.timeline.history()
        self._known = (branch, now, history)
        return history

    def seek_first_right(self) -> int:
        """Goes where the digit at the cursor first came out right; returns its row in the training set.

        Raises:
            NnstepError: it never did.
        """
        branch, count = self.place()
        row = self.timeline.row_at(count, branch)
        found = first_right(self.timeline, row) if self.trained else None
        if found is None:
            raise NnstepError(f"Digit {row} never came out right so far")
        self.put(found)
        return row

    def describe(self) -> str:
        """The sample in one line: position, loss, digit, label and what the network said."""
        if self.here < 0:
            return "nothing is trained yet"
        timeline, (branch, count) = self.timeline, self.place()
        at = count - branch.start
        if at >= len(branch.log):
            return "nothing is trained yet"
        position, label = timeline.position_of(count), timeline.label_at(branch, count)
        loss, said = float(branch.log.losses[at]), int(branch.log.classes[at])
        return (
            f"epoch {position.epoch} · sample {position.sample:,} · loss {loss_text(loss, 4)} · "
            f"digit {timeline.row_at(count, branch)}, label {label}, said {said} {'✓' if said == label else '✗'}"
        )
