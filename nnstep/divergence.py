"""Where a run first went non-finite: the sample, the step and the tensor in which NaN or infinity began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnstep.branches import Branch
from nnstep.stack import Parameters
from nnstep.stepping import Frame
from nnstep.tensors import symbol_of, tensor_of
from nnstep.timeline import Timeline

BY_PHASE = {
    "forward": ("before", "input", "output"),
    "loss": ("input", "target", "output", "input_gradient"),
    "backward": ("output_gradient", "gradients", "after", "input_gradient"),
}


@dataclass(frozen=True, eq=False, slots=True)
class Divergence:
    """Where NaN or infinity began.

    Attributes:
        branch: the branch that has the sample.
        count: which sample of it.
        frame: the first step with a number that is not finite.
        key: the first such tensor of it, as `tensors_of` names it.
    """

    branch: Branch
    count: int
    frame: Frame
    key: str


def first_not_finite(frames: Sequence[Frame]) -> tuple[Frame, str] | None:
    """The first step with a NaN or an infinity in it, and the tensor's key; None where all is finite.

    Within a step it goes in the order of the computation: what comes in, then what comes out.
    """
    for frame in frames:
        for key in _keys(frame):
            array = tensor_of(frame, key)
            if array is not None and not np.all(np.isfinite(array)):
                return frame, key
    return None


def find_divergence(timeline: Timeline) -> Divergence | None:
    """Where NaN or infinity began on the way to the end of the present branch, which has diverged.

    That may be before the loss shows it: tanh of an infinite number is 1. The timeline stays where it is.
    """
    history, here = timeline.history(), (timeline.branch, timeline.count)
    last = history.first_not_finite()
    if last is None:
        return None
    before = timeline.stack.snapshot()
    try:
        sound, unsound = -1, last + 1
        for step in _backwards(last):
            timeline.go_to(*timeline.place_at(step))
            finite = _all_finite(timeline.stack.snapshot())
            timeline.branch = here[0]
            if finite:
                sound = step
                break
            unsound = step
        while unsound - sound > 1 and unsound <= last:
            middle = (sound + unsound) // 2
            timeline.go_to(*timeline.place_at(middle))
            finite = _all_finite(timeline.stack.snapshot())
            timeline.branch = here[0]
            sound, unsound = (middle, unsound) if finite else (sound, middle)
        branch, count = timeline.place_at(max(sound, 0))
        found = first_not_finite(timeline.frames_at(branch, count))
        if found is None and unsound <= last:  # a batch's update did it, which no single sample has
            branch, count = timeline.place_at(unsound)
            found = first_not_finite(timeline.frames_at(branch, count))
        return Divergence(branch, count, *found) if found else None
    finally:
        timeline.stack.restore(before)
        timeline.branch, timeline.count = here


def where_text(frame: Frame, key: str) -> str:
    """Such as `dE/dW of affine 3, step 10 of 14 (backward)`."""
    group, _, name = key.partition(".")
    symbols = {
        "before": symbol_of(name) + " as it came in",
        "gradients": f"dE/d{symbol_of(name)}",
        "after": f"{symbol_of(name)} after the update",
        "input": "X",
        "output": "Y",
        "output_gradient": "dE/dY",
        "input_gradient": "dE/dX",
    }
    if frame.step.phase == "loss":
        symbols |= {"input": "ŷ", "output": "E", "target": "y", "input_gradient": "dE/dŷ"}
    return f"{symbols[group]} of {frame.step.name}, step {frame.step.index + 1} of {frame.count} ({frame.step.phase})"


def beginning_text(frame: Frame, key: str) -> str:
    """Such as `NaN began in dE/dW of affine 3, step 10 of 14 (backward)`."""
    array = tensor_of(frame, key)
    kind = "NaN" if array is not None and np.isnan(array).any() else "infinity"
    return f"{kind} began in {where_text(frame, key)}"


def _keys(frame: Frame) -> list[str]:
    keys = []
    for group in BY_PHASE[frame.step.phase]:
        named = getattr(frame, group)
        keys += [f"{group}.{name}" for name in named] if group in ("before", "gradients", "after") else [group]
    return keys


def _backwards(last: int) -> list[int]:
    """Indices at growing distances before the last one, down to 0."""
    steps, distance = [last], 1
    while steps[-1] > 0:
        steps.append(max(0, last - distance))
        distance *= 4
    return steps


def _all_finite(parameters: Parameters) -> bool:
    return all(bool(np.isfinite(array).all()) for arrays in parameters for array in arrays.values())
