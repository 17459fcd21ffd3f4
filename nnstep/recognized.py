"""Recognizes by its numbers what a layer that nnstep does not know computes: an affine rule, an activation, a loss."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from nnstep.affine_form import AffineForm, affine_form
from nnstep.layers import ACTIVATIONS, Activation
from nnstep.stepping import Frame

NEAR, NEAR_SINGLE = 1e-9, 1e-4


@lru_cache(maxsize=16)
def affine_of(frame: Frame) -> AffineForm | None:
    """The affine rule that a layer's output agrees with, with the parameters of then."""
    return None if frame.output is None else affine_form(frame.input, frame.output, frame.before)


@lru_cache(maxsize=16)
def activation_of(frame: Frame) -> Activation | None:
    """The activation that a layer without parameters agrees with in every element."""
    if frame.output is None or frame.before or frame.output.shape != frame.input.shape:
        return None
    with np.errstate(all="ignore"):
        fits = [a for a in ACTIVATIONS.values() if agree(a.function(frame.input), frame.output)]
    # relu and identity agree where no input is negative; then only the derivative could tell them apart.
    return fits[0] if fits else None


@lru_cache(maxsize=16)
def is_mean_squared_error(frame: Frame) -> bool:
    """The loss step agrees with mean((y − ŷ)²); only the value is looked at, not the gradient."""
    if frame.target is None or frame.output is None or frame.target.shape != frame.input.shape:
        return False
    with np.errstate(all="ignore"):
        return agree(np.mean((frame.target - frame.input) ** 2), frame.output)


def agree(a: ArrayLike, b: ArrayLike) -> bool:
    """Equal up to rounding, by the largest number among them."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or not np.all(np.isfinite(a)) or not np.all(np.isfinite(b)):
        return False
    near = NEAR_SINGLE if np.float32 in (a.dtype, b.dtype) else NEAR
    scale = float(np.max(np.abs(b), initial=0))
    return bool(np.max(np.abs(a - b), initial=0) <= near * scale)
