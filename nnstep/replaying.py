"""Trains recorded samples again, with the engine that did it, so that all comes out bit for bit the same."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nnstep.branches import STEPS, Branch
from nnstep.course import pictures_at, train_rows
from nnstep.engines.base import Engine, choose_engine
from nnstep.engines.numpy_engine import LayerByLayer
from nnstep.errors import NnstepError
from nnstep.network import one_hot
from nnstep.order import Order
from nnstep.stack import Parameters, Stack
from nnstep.stepping import Frame, failing_frame, run_steps
from nnstep.student_errors import StudentError


class Replayer:
    """Runs a stack along samples of a branch, from where its parameters are those of there.

    Args:
        order: which samples these are.
        engine: the one that trains; others are found by their names.
    """

    def __init__(self, order: Order, engine: Engine) -> None:
        self.order, self.samples = order, order.samples
        self._engines = {engine.name: engine}

    def run(self, stack: Stack, branch: Branch, at: int, count: int) -> int:
        """Runs from `at` towards `count`, as far as one engine and one epoch go; returns where it came.

        Raises:
            NnstepError: students' layers gave something else than was recorded.
        """
        index = bisect_right([stretch.start for stretch in branch.stretches], at) - 1
        stretch = branch.stretches[index]
        following = branch.stretches[index + 1].start if index + 1 < len(branch.stretches) else branch.head
        stop = min(count, following, self.order.epoch_end(at))
        if stretch.engine == STEPS:
            return self._run_stepped(stack, branch, at, stop)
        settings = branch.settings
        whole = stop
        if stop not in (following, self.order.epoch_end(at)):
            whole -= (stop - at) % settings.batch_size
        rows = self.order.rows(settings, at, whole)
        if len(rows):
            outcome = train_rows(self._engine(stretch.engine, stack), stack, self.samples, rows, at, settings)
            self._check(stack, branch, at, outcome.losses)
        return stop

    def steps(self, stack: Stack, branch: Branch, count: int, before: Parameters | None = None) -> tuple[Frame, ...]:
        """Steps the sample at a count; the stack then has the parameters after it.

        Args:
            stack: has the parameters of there.
            branch: says how it is trained, and what is changed of the sample.
            count: which sample.
            before: a snapshot of the stack, where there is one already.

        Raises:
            StudentError: a student's layer failed; the error has the frames up to there.
        """
        settings, edit = branch.settings, branch.edit_at(count)
        samples, rows = pictures_at(self.samples, np.array([self.order.row(settings, count)]), count, settings)
        X, y = samples.inputs(rows, stack.dtype), samples.targets(rows, stack.dtype)
        rate = settings.rate_at(count, len(self.samples))
        if edit and edit.label is not None:
            y = one_hot(np.array([edit.label]), self.samples.classes).astype(stack.dtype)
        done: list[Frame] = []
        before = stack.snapshot() if before is None else before
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                stack.guard(lambda: done.extend(run_steps(stack, X, y, rate, before, edit)))
        except StudentError as error:
            frames = tuple(done)
            error.frames = (*frames, failing_frame(stack, frames, X, y, before, edit))
            raise
        return tuple(done)

    def check_frames(self, stack: Stack, branch: Branch, count: int, frames: tuple[Frame, ...]) -> None:
        """Compares the steps of a recorded sample with its loss; in a batch they are not the same arithmetic.

        Raises:
            NnstepError: students' layers gave something else than was recorded.
        """
        losses = [float(frame.output) for frame in frames if frame.step.phase == "loss" and frame.output is not None]
        if branch.settings.batch_size == 1 and branch.start <= count < branch.head:
            self._check(stack, branch, count, np.array(losses[:1]))

    def _run_stepped(self, stack: Stack, branch: Branch, at: int, stop: int) -> int:
        """Runs samples as they were stepped by hand; those without changes need no frames for that."""
        if branch.edit_at(at):
            self.steps(stack, branch, at)
            return at + 1
        rows, settings = self.order.rows(branch.settings, at, stop), replace(branch.settings, batch_size=1)
        with np.errstate(over="ignore", invalid="ignore"):
            outcome = train_rows(LayerByLayer(), stack, self.samples, rows, at, settings)
        self._check(stack, branch, at, outcome.losses)
        return stop

    def _check(self, stack: Stack, branch: Branch, at: int, losses: NDArray[np.float64]) -> None:
        """Compares what students' layers give when they run again with what was recorded."""
        if not stack.keeper:
            return
        logged = branch.log.losses[at - branch.start :][: len(losses)]
        wrong = np.flatnonzero((logged != losses) & ~(np.isnan(logged) & np.isnan(losses)))
        if len(wrong):
            first = int(wrong[0])
            raise NnstepError(
                f"this homework cannot be replayed: the loss of {self.order.position_of(at + first)} was "
                f"{logged[first]:.9g} when it was trained, and is {losses[first]:.9g} when it runs again",
                "It keeps state out of sight, draws random numbers of its own, or its code has changed",
            )

    def _engine(self, name: str, stack: Stack) -> Engine:
        if name not in self._engines:
            self._engines[name] = choose_engine(name, stack)
        return self._engines[name]
