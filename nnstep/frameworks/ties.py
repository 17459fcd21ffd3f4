"""Where rounding alone decides: the largest of equal values, and functions with a kink at 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnstep.layers import Array
from nnstep.stepping import Frame

KINKS = ("relu", "leaky_relu")


def is_tie(mine: Frame, theirs: Frame, key: str, tolerance: float) -> bool:
    """Two frames differ in dE/dX only where values tie up to rounding, so that neither of them is wrong.

    Args:
        mine: a step of the stack.
        theirs: the same step of a framework.
        key: of the tensor in which they differ.
        tolerance: what counts as equal, as a part of the largest input.
    """
    if mine.step.phase != "backward" or key != "input_gradient":
        return False
    a, b = mine.input_gradient, theirs.input_gradient
    if a is None or b is None or a.shape != b.shape:
        return False
    near = tolerance * float(np.max(np.abs(mine.input), initial=0))
    apart = np.abs(a - b) > tolerance * float(np.max(np.abs(b), initial=0))
    kind = mine.step.name.partition(" ")[0]
    if kind in KINKS:
        return bool(np.all(np.abs(mine.input[apart]) <= near))
    if kind == "maxpool":
        return _only_moved(mine.input, a, b, apart, near)
    return False


def _only_moved(X: Array, a: Array, b: Array, apart: NDArray[np.bool_], near: float) -> bool:
    """Within each small neighbourhood the gradient is the same in sum, and the pixels that it moved between tie."""
    if X.ndim != 4:
        return False
    for channel in np.unique(np.argwhere(apart)[:, [0, 3]], axis=0):
        sample, c = channel
        moved = apart[sample, :, :, c]
        gap = abs(float(a[sample, :, :, c].sum() - b[sample, :, :, c].sum()))
        if gap > 1e-6 * float(np.abs(a[sample, :, :, c]).sum()):
            return False
        values = X[sample, :, :, c][moved]
        if any(np.sum(np.abs(values - value) <= near) < 2 for value in values):
            return False
    return True
