"""How far two right computations of a frame may be apart, since numbers are rounded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnstep.batchnorm import EPSILON
from nnstep.layers import Array
from nnstep.optimizers import EPSILON as OPTIMIZER_EPSILON
from nnstep.stepping import Frame

WORST_CONDITION = 100.0


def rounding_of_parameters(mine: Frame, theirs: Frame, key: str) -> float:
    """How much of a difference comes from rounding W: an update is a difference of two W, and may give the gradient."""
    group, _, name = key.partition(".")
    if group not in ("update", "gradients") or (group == "gradients" and not mine.derived):
        return 0.0
    before = theirs.before[name]
    rounding = 4 * float(np.finfo(before.dtype).eps) * largest(before)
    return rounding if group == "update" else rounding / (mine.learning_rate if mine.rule.plain else 1.0)


def rounding_of_updates(mine: Frame, theirs: Frame, key: str, tolerance: float) -> Array | float:
    """What becomes of a gradient's rounding in optimizers that divide by the gradient's own size, element by element.

    Where a gradient is 0 but for rounding, as that of a bias in front of a batch normalisation, that alone decides.
    """
    group, _, name = key.partition(".")
    squares = mine.state_after.get(f"{name}.squares")
    if group not in ("update", "after") or squares is None:
        return 0.0
    rounding = tolerance * largest_term(theirs, f"gradients.{name}")
    return 2 * mine.learning_rate * np.minimum(1.0, rounding / (np.sqrt(squares) + OPTIMIZER_EPSILON))


def condition_of(frames: Sequence[Frame]) -> float:
    """How much batch normalisation enlarges rounding: the largest number that it divides by a small deviation."""
    found = [
        largest(frame.input) / float(np.sqrt(np.min(frame.details["variance"]) + EPSILON))
        for frame in frames
        if "variance" in frame.details
    ]
    return float(min(max(found, default=1.0), WORST_CONDITION))


def largest(array: Array | None) -> float:
    """The largest absolute value, 0 where there is none that is finite."""
    if array is None or not array.size:
        return 0.0
    found = np.abs(array[np.isfinite(array)])
    return float(found.max()) if found.size else 0.0


def largest_term(frame: Frame, key: str) -> float:
    """How large a term of the sums that a tensor consists of may be: rounding is relative to that, not to the sum."""
    group, _, name = key.partition(".")
    weights = max((largest(array) for array in frame.before.values() if array.ndim > 1), default=0.0)
    if frame.step.phase == "loss":
        return largest(frame.target) / frame.input.size if group in ("output", "input_gradient") else 0.0
    if group == "output":
        return largest(frame.input) * weights
    back = largest(frame.output_gradient)
    if group == "input_gradient":
        return back * weights
    if group in ("gradients", "update", "after") and name in frame.before:
        term = back * (largest(frame.input) if frame.before[name].ndim > 1 else 1.0)
        if group == "after":
            return max(largest(frame.before[name]), term * frame.learning_rate)
        return term if group == "gradients" else term * frame.learning_rate
    return 0.0
