"""The pulse of each layer over a run: update ratio, gradient, saturated and dead shares at places along it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnstep.batchnorm import BatchNormLayer
from nnstep.course import pictures_at
from nnstep.statistics import dead_share, saturated_share, update_ratio
from nnstep.stepping import Frame, run_steps

if TYPE_CHECKING:
    from nnstep.branches import Branch
    from nnstep.timeline import Timeline

MEASURES = ("update_ratio", "gradient", "saturated", "dead")
MOST = 512
SECONDS = 0.5
FIRST, FIRST_PARTS = 24, 8
MOST_ROWS = 32


def pulse_of(frames: Sequence[Frame]) -> NDArray[np.float64]:
    """The measures of each layer in one sample or update.

    Args:
        frames: all steps of it.

    Returns:
        (layers, 4), NaN for what a layer does not have: ‖ΔW‖ / ‖W‖ and mean |dE/dW|, both of its largest parameter,
        saturated share (tanh and sigmoid), dead share (relu). What is infinite is NaN.
    """
    layers = frames[0].count // 2 - 1
    found = np.full((layers, len(MEASURES)), np.nan)
    for frame in frames:
        layer = frame.step.layer
        if layer is None:
            continue
        if frame.step.phase == "forward":
            found[layer, 2:] = [_number(saturated_share(frame)), _number(dead_share(frame))]
        elif frame.after:
            name = max(frame.after, key=lambda name: frame.after[name].size)
            found[layer, 0] = _number(update_ratio(frame, name))
            if name in frame.gradients:
                with np.errstate(over="ignore", invalid="ignore"):
                    found[layer, 1] = np.abs(frame.gradients[name]).mean()
    found[~np.isfinite(found)] = np.nan
    return found


def steps_to_measure(timeline: Timeline) -> Sequence[Frame]:
    """All steps of the sample where a timeline stands; it and its stack stay as they are.

    Batch normalisation lets no gradient through for one sample alone: there it is the steps of the whole update.
    """
    settings, count, stack = timeline.branch.settings, timeline.count, timeline.stack
    size = min(settings.batch_size, MOST_ROWS, len(timeline.samples) - count % len(timeline.samples))
    if size == 1 or not any(isinstance(layer, BatchNormLayer) for layer in stack.layers):
        return timeline.frames()
    order = np.array([timeline.row_at(count + number) for number in range(size)])
    samples, rows = pictures_at(timeline.samples, order, count, settings)
    X, y = samples.inputs(rows, stack.dtype), samples.targets(rows, stack.dtype)
    before = stack.snapshot()
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            return tuple(run_steps(stack, X, y, settings.rate_at(count, len(timeline.samples)), before))
    finally:
        stack.restore(before)


class Pulse:
    """Measures along a run, at most 512 of them: where there are more, every second one is dropped.

    Args:
        seconds: the least time between two measurements after the first ones, so that they cost training little.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._counts: list[int] = []
        self._values: list[NDArray[np.float64]] = []
        self._spacing = 0
        self._measured = -np.inf

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def counts(self) -> NDArray[np.int64]:
        """(measurements,) how many samples of the run came before each, rising."""
        return np.array(self._counts, np.int64)

    @property
    def values(self) -> NDArray[np.float64]:
        """(measurements, layers, 4) as `pulse_of` gives them."""
        return np.array(self._values) if self._values else np.zeros((0, 0, len(MEASURES)))

    def curve(self, layer: int, measure: str) -> NDArray[np.float64]:
        """(measurements,) one measure of a layer (from 0), NaN where it has none."""
        return self.values[:, layer, MEASURES.index(measure)] if self._values else np.zeros(0)

    def measure(self, timeline: Timeline) -> bool:
        """Measures at the sample where the timeline stands, if it is time to; True where it did.

        The first measurements come every eighth of an epoch, so that a run that is over in a second has a course too.
        The timeline and its stack stay as they are.
        """
        passed = timeline.count - self._counts[-1] if self._counts else len(timeline.samples)
        early = len(self) < FIRST and passed >= len(timeline.samples) / FIRST_PARTS
        if not early and (time.monotonic() - self._measured < self.seconds or passed < self._spacing):
            return False
        self.add(timeline.count, pulse_of(steps_to_measure(timeline)))
        self._measured = time.monotonic()
        return True

    def add(self, count: int, values: NDArray[np.float64]) -> None:
        """Adds a measurement; those at the same count or later ones are forgotten."""
        self.cut(count - 1)
        self._counts.append(count)
        self._values.append(values)
        if len(self._counts) > MOST:
            self._counts, self._values = self._counts[::2], self._values[::2]
            self._spacing = (self._counts[-1] - self._counts[0]) // len(self._counts)

    def copy(self) -> Pulse:
        """The same measurements, to which others can be added."""
        pulse = Pulse(self.seconds)
        pulse._counts, pulse._values, pulse._spacing = self._counts.copy(), self._values.copy(), self._spacing
        return pulse

    def cut(self, count: int) -> None:
        """Forgets what was measured after a count."""
        while self._counts and self._counts[-1] > count:
            self._counts.pop()
            self._values.pop()


def pulse_along(branch: Branch) -> Pulse:
    """What was measured on the way to the end of a branch, its parents' part included."""
    from nnstep.branches import path_of

    along, path = Pulse(), path_of(branch)[::-1]
    for part, child in zip(path, [*path[1:], None], strict=True):
        for count, values in zip(part.pulse.counts.tolist(), part.pulse.values, strict=True):
            if child is None or count <= child.origin:
                along.add(count, values)
    return along


def _number(value: float | None) -> float:
    return np.nan if value is None else value
