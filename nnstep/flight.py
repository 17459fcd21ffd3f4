"""A run that is watched while it trains: scored after each epoch, its pulse taken, open to orders between samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from nnstep.alarms.monitor import Monitor
from nnstep.branches import Branch
from nnstep.debugger import Debugger
from nnstep.errors import NnstepError
from nnstep.lookout import Lookout, enabled
from nnstep.samples import Samples
from nnstep.scoring import Answers, answers
from nnstep.stack import Stack
from nnstep.training import Progress, Trainer

REPORT_SECONDS = 0.1
"""Twice as long as without a screen, whose thread makes each report wait."""


class Flight:
    """Trains a timeline in whatever thread runs it.

    Scores are worked out in a thread of their own, on copies of the layers, so that training need not wait for them.

    Args:
        trainer: trains the timeline.
        test: held-out digits to score it on; None for no scores.
        between: is called after every report, with the timeline holding still, such as to save it.

    Attributes:
        answers: what the network said to the held-out digits when it was scored last.
    """

    def __init__(
        self, trainer: Trainer, test: Samples | None, between: Callable[[Progress], object] | None = None
    ) -> None:
        assert trainer.timeline is not None
        self.trainer, self.test, self.timeline = trainer, test, trainer.timeline
        trainer.report_seconds = REPORT_SECONDS
        self.answers: Answers | None = None
        self._between = between
        self._scoring = ThreadPoolExecutor(1, "scoring")
        self._last: Future[None] | None = None
        self._closed = False

    def run(self, epochs: int, limit: int | None = None) -> Iterator[Progress]:
        """Trains as `Trainer.run` does, takes the pulse now and then, and scores after each epoch."""
        for progress in self.trainer.run(epochs, limit):
            if not self.timeline.branch.diverged:
                self.timeline.branch.pulse.measure(self.timeline)
            if progress.epoch_ended:
                self.score()
            if self._between:
                self._between(progress)
            yield progress

    def score(self) -> None:
        """Begins to score the network of now, when the score before is done; the timeline must hold still."""
        if self.test is None:
            return
        self.wait()
        timeline = self.timeline
        if timeline.stack.keeper:  # students' code may draw from random numbers that all share: training waits for it
            self._score(timeline.stack, self.test, timeline.branch, timeline.count)
            return
        stack = timeline.stack.copy()
        if self._closed:
            self._score(stack, self.test, timeline.branch, timeline.count)
            return
        self._last = self._scoring.submit(self._score, stack, self.test, timeline.branch, timeline.count)

    def wait(self) -> None:
        """Waits for a score that is being worked out."""
        if self._last:
            self._last.result()

    def close(self) -> None:
        """Ends the thread that scores; what is asked for afterwards is done at once."""
        self._closed = True
        self._scoring.shutdown(wait=False, cancel_futures=True)

    def _score(self, stack: Stack, test: Samples, branch: Branch, count: int) -> None:
        try:
            found = answers(stack, test)
        except NnstepError:
            return
        branch.scores[count] = found.score(count)
        self.answers = found


def monitor_for(debugger: Debugger) -> Monitor:
    """What looks after a debugger's run; it adds to the debugger's alarms."""
    monitor = Monitor(debugger.stack, debugger.samples)
    monitor.alarms = debugger.alarms
    return monitor


def trainer_for(debugger: Debugger, looked_at: bool = False, monitor: Monitor | None = None) -> Trainer:
    """A trainer that goes on at the head of a debugger's branch, up to its breakpoints.

    A sample that was stepped to its end is done before; one that was not is trained whole.

    Args:
        debugger: what to train; it goes to the head.
        looked_at: no breakpoint stops at the sample where the debugger stands.
        monitor: what looks after the run; None for nothing.
    """
    timeline = debugger.timeline
    begun = timeline.at_head and not debugger.at_end and (looked_at or debugger.cursor > 0)
    debugger.start_training()
    position = timeline.position
    if monitor:
        monitor.stack = timeline.stack  # a branch may have its own: a homework that was loaded again
    return Trainer(
        timeline.stack,
        timeline.samples,
        timeline.engine,
        timeline.branch.settings,
        position.epoch,
        position.sample - 1,
        timeline,
        Lookout(timeline, debugger.breakpoints, begun) if enabled(debugger.breakpoints) else None,
        monitor,
    )
