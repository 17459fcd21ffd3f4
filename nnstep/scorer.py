"""Measures how a run does on held-out digits in a thread of its own, so that training need not wait."""

from __future__ import annotations

from collections.abc import Callable

from nnstep.background import Latest
from nnstep.branches import Branch
from nnstep.samples import Samples
from nnstep.scoring import Answers, Score, answers
from nnstep.stack import Stack
from nnstep.timeline import Timeline


class Scorer:
    """Keeps scores with the branches of a run, as they come.

    Where measuring takes longer than an epoch, the last one that waits is measured next, and those before it are not.

    Args:
        test: the held-out digits.
        done: is given what was measured; the thread calls it.

    Attributes:
        last: the branch and the count that were measured last, and what the network said to each digit; None before.
    """

    def __init__(self, test: Samples, done: Callable[[Branch, Score], object] | None = None) -> None:
        self.test = test
        self.last: tuple[Branch, int, Answers] | None = None
        self._done = done
        self._worker = Latest("scorer")

    def measure(self, timeline: Timeline) -> None:
        """Has the run measured as it is where the timeline stands; the timeline must stand still meanwhile.

        What was measured there before is not measured again, but reported again.
        """
        branch, count = timeline.branch, timeline.count
        known = self.last
        if known and known[:2] == (branch, count):
            if self._done:
                self._done(branch, known[2].score(count))
            return
        stack = timeline.stack.copy()
        self._worker.submit(lambda: self._measure(branch, count, stack))

    def wait(self) -> None:
        """Waits until all is measured."""
        self._worker.wait()

    def close(self) -> None:
        """Waits until all is measured, and ends the thread."""
        self._worker.close()

    def _measure(self, branch: Branch, count: int, stack: Stack) -> None:
        found = answers(stack, self.test)
        score = found.score(count)
        if branch.start <= count <= branch.head:
            branch.scores[count] = score
        self.last = (branch, count, found)
        if self._done:
            self._done(branch, score)
