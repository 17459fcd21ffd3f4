"""Runs epochs a short while at a time, so that whoever watches can show, pause or stop them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstep.alarms.alarm import Alarm
from nnstep.alarms.monitor import Monitor
from nnstep.branches import Branch, free_name, with_rate
from nnstep.course import pictures_at, train_rows
from nnstep.divergence import beginning_text, find_divergence, first_not_finite
from nnstep.engines.base import Engine, Outcome
from nnstep.errors import NnstepError
from nnstep.lookout import Lookout
from nnstep.network import epoch_order
from nnstep.samples import Samples
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.stepping import Frame, run_steps
from nnstep.timeline import Timeline

REPORT_SECONDS = 0.05


@dataclass(frozen=True, eq=False, slots=True)
class Progress:
    """How far training has come.

    Attributes:
        epoch: the epoch it is in, from 1.
        epochs: the last one it shall do.
        sample: how many samples of this epoch are done.
        samples: how many an epoch has.
        error: mean loss of the samples of this epoch that were trained.
        losses: each sample's loss since the last report.
        seconds: time spent in this epoch.
        rate: samples per second, since training began or went on.
        alarms: those that were raised since the last report.
    """

    epoch: int
    epochs: int
    sample: int
    samples: int
    error: float
    losses: NDArray[np.float64]
    seconds: float
    rate: float
    alarms: tuple[Alarm, ...] = ()

    @property
    def epoch_ended(self) -> bool:
        """This was the last sample of the epoch."""
        return self.sample == self.samples

    @property
    def seconds_left(self) -> float:
        """Time until the last epoch ends, at the present rate."""
        left = (self.epochs - self.epoch) * self.samples + self.samples - self.sample
        return left / self.rate if self.rate else float("inf")


class Trainer:
    """Trains a stack on samples with an engine; it can stop after any report, and go on from there.

    Args:
        stack: what learns.
        samples: what it learns from.
        engine: what does the arithmetic.
        settings: learning rate, batch size and order.
        epoch: where to begin, from 1.
        sample: how many samples of that epoch to leave out, since they are done already.
        timeline: records the run, and trains it; it stands where training begins.
        lookout: stops the run at breakpoints; it has the same timeline.
        monitor: watches the run and raises alarms; it changes none of its numbers.
    """

    def __init__(
        self,
        stack: Stack,
        samples: Samples,
        engine: Engine,
        settings: Settings,
        epoch: int = 1,
        sample: int = 0,
        timeline: Timeline | None = None,
        lookout: Lookout | None = None,
        monitor: Monitor | None = None,
    ) -> None:
        self.timeline, self.lookout, self.monitor = timeline, lookout, monitor
        self.stack, self.samples, self.engine, self.settings = stack, samples, engine, settings
        self.epoch, self.sample = epoch, sample
        self._seconds = 0.0
        self._jobs: deque[Callable[[], object]] = deque()
        self._begin_epoch()
        if monitor:
            monitor.begin(settings, timeline.branch.name if timeline else "main", self._count)

    def run(self, epochs: int, limit: int | None = None) -> Iterator[Progress]:
        """Trains until epoch number `epochs` is over, and reports about every 50 ms and at each epoch's end.

        It can be called again, and then goes on where it was: `run(trainer.epoch)` runs to the end of this epoch, and
        `run(trainer.epoch, 1)` one sample (or one batch).

        Args:
            epochs: the last epoch.
            limit: stop after so many samples, in whole batches, at least one.

        Raises:
            NnstepError: a loss became NaN or infinite; the parameters are those before that sample's update.
        """
        self.stack.learn_parameters(self.samples.inputs(slice(0, 1), self.stack.dtype))
        if not self.timeline:
            self.stack.use_rule(self.settings.rule)
        busy, done, chunk = 0.0, 0, self.settings.batch_size
        while not self._is_over(epochs, done, limit):
            self.do_jobs()
            began, known = time.perf_counter(), len(self.monitor.alarms) if self.monitor else 0
            losses = self._train_some(chunk if limit is None else min(chunk, limit - done))
            took = time.perf_counter() - began
            busy, done, self._seconds = busy + took, done + len(losses), self._seconds + took
            report = Progress(
                self.epoch,
                epochs,
                self.sample,
                len(self.samples),
                self._error(),
                losses,
                self._seconds,
                done / max(busy, 1e-9),
                tuple(self.monitor.alarms[known:]) if self.monitor else (),
            )
            chunk = self._next_chunk(len(losses), took)
            if report.epoch_ended and len(losses):
                self.epoch, self.sample = self.epoch + 1, 0
                self._begin_epoch()
            yield report
        self.do_jobs()

    def between(self, job: Callable[[], object]) -> None:
        """Has something done before the next samples are trained, in the thread that trains; any thread may ask.

        Then the stack and the timeline hold still. While nobody trains, `do_jobs` does what was asked for.
        """
        self._jobs.append(job)

    def do_jobs(self) -> None:
        """Does what `between` was given, in its order."""
        while self._jobs:
            self._jobs.popleft()()

    def change_rate(self, learning_rate: float) -> None:
        """Goes on with another learning rate from the next samples on; any thread may ask.

        On a timeline a branch begins there, so that the samples before can be replayed as they were.

        Raises:
            NnstepError: it is no learning rate.
        """
        settings = with_rate(self.settings, learning_rate)
        self.between(lambda: self._go_on_with(settings.learning_rate))

    def _go_on_with(self, learning_rate: float) -> None:
        if learning_rate == self.settings.learning_rate:
            return
        self.settings = with_rate(self.settings, learning_rate)
        if self.timeline and not self.timeline.branch.diverged:
            branch = begin_rate(self.timeline, learning_rate)
            if self.monitor:
                self.monitor.begin(self.settings, branch.name, self._count)

    def _is_over(self, epochs: int, done: int, limit: int | None) -> bool:
        hit = self.lookout is not None and self.lookout.hit is not None
        return self.epoch > epochs or hit or (limit is not None and done >= limit)

    def _begin_epoch(self) -> None:
        settings = self.settings
        self._order = epoch_order(len(self.samples), self.epoch, settings.shuffle, settings.seed)
        self._losses, self._trained, self._seconds = np.zeros(len(self.samples)), 0, 0.0

    @property
    def _count(self) -> int:
        """How many samples of the run come before the next one."""
        return (self.epoch - 1) * len(self.samples) + self.sample

    def _train_some(self, chunk: int) -> NDArray[np.float64]:
        """Trains so many samples of this epoch, with the monitor's looks between them."""
        losses = self._train_part(chunk)
        stops = self.lookout or not self.monitor
        while not stops and len(losses) < chunk and self.sample < len(self.samples):
            losses = np.concatenate([losses, self._train_part(chunk - len(losses))])
        return losses

    def _train_part(self, limit: int) -> NDArray[np.float64]:
        count, following = self._count, self._order[self.sample :]
        if self.monitor:
            self.monitor.look(count, following)
            limit = min(limit, self.monitor.room(count))
        outcome = self._train(limit)
        if self.monitor:
            self.monitor.feed(count, following, outcome)
        if outcome.diverged and not (self.lookout and self.lookout.hit is not None):
            sample, cause = self.sample + len(outcome.losses), self.monitor.cause if self.monitor else None
            raise diverged(self.epoch, sample, outcome.losses[-1], self._origin(sample), cause)
        self.sample += len(outcome.losses)
        self._losses[self._trained : self._trained + len(outcome.losses)] = outcome.losses
        self._trained += len(outcome.losses)
        return outcome.losses

    def _train(self, limit: int) -> Outcome:
        if self.lookout:
            return self.lookout.train(limit)
        if self.timeline:
            return self.timeline.train(limit)
        rows = self._order[self.sample : self.sample + limit]
        return train_rows(self.engine, self.stack, self.samples, rows, self._count, self.settings)

    def _error(self) -> float:
        # The mean of all at once, so that its last digit does not depend on how the epoch was cut into pieces.
        return float(self._losses[: self._trained].mean()) if self._trained else 0.0

    def _origin(self, sample: int) -> str:
        """In which tensor of which step it began, as a part of a sentence; empty where that is not found."""
        if self.timeline:
            found = find_divergence(self.timeline)
            if found is None:
                return ""
            position = self.timeline.position_of(found.count)
            place = "" if position.sample == sample and position.epoch == self.epoch else f" at {position}"
            return f"; {beginning_text(found.frame, found.key)}{place}"
        first = first_not_finite(self._frames(sample - 1))
        return f"; {beginning_text(*first)}" if first else ""

    def _frames(self, index: int) -> tuple[Frame, ...]:
        """All steps of a sample of this epoch, from 0, with the parameters of now; the stack is left as it is."""
        row, before = int(self._order[index]), self.stack.snapshot()
        count = (self.epoch - 1) * len(self.samples) + index
        samples, rows = pictures_at(self.samples, np.array([row]), count, self.settings)
        X, y = samples.inputs(rows, self.stack.dtype), samples.targets(rows, self.stack.dtype)
        rate = self.settings.rate_at(count, len(self.samples))
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                return tuple(run_steps(self.stack, X, y, rate, before))
        finally:
            self.stack.restore(before)

    def _next_chunk(self, chunk: int, took: float) -> int:
        """About as many samples as fit between two reports, in whole batches, growing by 4 at most."""
        size = self.settings.batch_size
        wanted = min(4 * chunk, int(chunk * REPORT_SECONDS / max(took, 1e-6)))
        return max(1, wanted // size) * size


def begin_rate(timeline: Timeline, learning_rate: float) -> Branch:
    """Begins a branch with another learning rate where a timeline stands, called by that rate.

    A branch of that kind on which nothing was trained yet is forgotten: its rate was only passed by.
    """
    branch = timeline.branch
    passed_by = branch.parent and branch.start == branch.origin and not (len(branch.log) or branch.changed)
    if passed_by and not branch.edit and not any(other.parent is branch for other in timeline.branches.values()):
        timeline.drop(branch)
    settings = with_rate(timeline.branch.settings, learning_rate)
    if passed_by and settings == timeline.branch.settings and timeline.at_head:
        return timeline.branch
    return timeline.fork(free_name(timeline.branches, f"η {learning_rate:g}"), settings)


def diverged(epoch: int, sample: int, loss: float, origin: str = "", cause: Alarm | None = None) -> NnstepError:
    """The error that says where training became NaN or infinite, where that began, and what came before."""
    value = "NaN" if np.isnan(loss) else "infinite"
    began = f"Before it, at {cause.position}: {cause.title.lower()} ({cause.evidence}). " if cause else ""
    return NnstepError(
        f"training diverged: the error became {value} at epoch {epoch}, sample {sample}{origin}",
        began + "Try a smaller --learning-rate, another --init, or tanh in place of relu or identity",
    )
