"""Runs epochs a short while at a time, so that whoever watches can show, pause or stop them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstep.course import train_rows
from nnstep.engines.base import Engine
from nnstep.errors import NnstepError
from nnstep.lookout import Lookout
from nnstep.network import epoch_order
from nnstep.samples import Samples
from nnstep.settings import Settings
from nnstep.stack import Stack
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
    """

    epoch: int
    epochs: int
    sample: int
    samples: int
    error: float
    losses: NDArray[np.float64]
    seconds: float
    rate: float

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
    ) -> None:
        self.timeline, self.lookout = timeline, lookout
        self.stack, self.samples, self.engine, self.settings = stack, samples, engine, settings
        self.epoch, self.sample = epoch, sample
        self._seconds = 0.0
        self._begin_epoch()

    def run(self, epochs: int) -> Iterator[Progress]:
        """Trains until epoch number `epochs` is over, and reports about every 50 ms and at each epoch's end.

        Raises:
            NnstepError: a loss became NaN or infinite; the parameters are those before that sample's update.
        """
        self.stack.learn_parameters(self.samples.inputs(slice(0, 1), self.stack.dtype))
        if not self.timeline:
            self.stack.use_rule(self.settings.rule)
        busy, done, chunk = 0.0, 0, self.settings.batch_size
        while self.epoch <= epochs and not (self.lookout and self.lookout.hit is not None):
            began = time.perf_counter()
            losses = self._train_some(chunk)
            took = time.perf_counter() - began
            busy, done, self._seconds = busy + took, done + len(losses), self._seconds + took
            report = Progress(
                self.epoch,
                epochs,
                self.sample,
                len(self.samples),
                self._total / max(self._trained, 1),
                losses,
                self._seconds,
                done / max(busy, 1e-9),
            )
            chunk = self._next_chunk(len(losses), took)
            if report.epoch_ended and len(losses):
                self.epoch, self.sample = self.epoch + 1, 0
                self._begin_epoch()
            yield report

    def _begin_epoch(self) -> None:
        settings = self.settings
        self._order = epoch_order(len(self.samples), self.epoch, settings.shuffle, settings.seed)
        self._total, self._trained, self._seconds = 0.0, 0, 0.0

    def _train_some(self, chunk: int) -> NDArray[np.float64]:
        if self.lookout:
            outcome = self.lookout.train(chunk)
        elif self.timeline:
            outcome = self.timeline.train(chunk)
        else:
            rows, count = self._order[self.sample : self.sample + chunk], (self.epoch - 1) * len(self.samples)
            outcome = train_rows(self.engine, self.stack, self.samples, rows, count + self.sample, self.settings)
        if outcome.diverged:
            raise diverged(self.epoch, self.sample + len(outcome.losses), outcome.losses[-1])
        self.sample += len(outcome.losses)
        self._trained += len(outcome.losses)
        # One after the other, so that the error has the same bits however the epoch was cut.
        self._total = float(np.add.accumulate(np.append(self._total, outcome.losses))[-1])
        return outcome.losses

    def _next_chunk(self, chunk: int, took: float) -> int:
        """About as many samples as fit between two reports, in whole batches, growing by 4 at most."""
        size = self.settings.batch_size
        wanted = min(4 * chunk, int(chunk * REPORT_SECONDS / max(took, 1e-6)))
        return max(1, wanted // size) * size


def diverged(epoch: int, sample: int, loss: float) -> NnstepError:
    """The error that says where training became NaN or infinite."""
    value = "NaN" if np.isnan(loss) else "infinite"
    return NnstepError(
        f"training diverged: the error became {value} at epoch {epoch}, sample {sample}",
        "Try a smaller --learning-rate, another --init, or tanh in place of relu or identity",
    )
