"""The losses: one number E for how wrong the outputs are, and its gradient dE/dŷ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnstep.errors import NnstepError
from nnstep.layers import Array

LossFunction = Callable[[Array, Array], float]
LossGradient = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Loss:
    """A loss E(y, ŷ) and its gradient dE/dŷ; y and ŷ are (batch, outputs)."""

    name: str
    function: LossFunction
    gradient: LossGradient


def mse(y_true: Array, y_pred: Array) -> float:
    """Mean squared error: E = mean((y − ŷ)²) over all elements."""
    return float(np.mean((y_true - y_pred) ** 2))


def mse_prime(y_true: Array, y_pred: Array) -> Array:
    """dE/dŷ = −2 (y − ŷ) / n, n the number of elements."""
    return -2 * (y_true - y_pred) / y_true.size


def cross_entropy(y_true: Array, y_pred: Array) -> float:
    """E = −Σ y log ŷ, the mean over the batch; ŷ are shares, as a softmax layer gives them."""
    return float(-np.sum(y_true * np.log(_positive(y_pred))) / len(y_true))


def cross_entropy_prime(y_true: Array, y_pred: Array) -> Array:
    """dE/dŷ = −y / ŷ / batch."""
    return -y_true / _positive(y_pred) / len(y_true)


def softmax_cross_entropy(y_true: Array, y_pred: Array) -> float:
    """E = Σ y (log Σ e^ŷ − ŷ), the mean over the batch: softmax and cross-entropy in one, safe for any finite ŷ."""
    above = y_pred - y_pred.max(axis=1, keepdims=True)
    logarithms = np.log(np.exp(above).sum(axis=1, keepdims=True)) - above
    return float(np.sum(y_true * logarithms) / len(y_true))


def softmax_cross_entropy_prime(y_true: Array, y_pred: Array) -> Array:
    """dE/dŷ = (softmax(ŷ) Σ y − y) / batch."""
    powers = np.exp(y_pred - y_pred.max(axis=1, keepdims=True))
    shares = powers / powers.sum(axis=1, keepdims=True)
    gradient: Array = (shares * y_true.sum(axis=1, keepdims=True) - y_true) / len(y_true)
    return gradient


def _positive(y_pred: Array) -> Array:
    """No less than the smallest number of full precision: its logarithm and its reciprocal are finite."""
    y: Array = np.maximum(y_pred, np.finfo(y_pred.dtype).tiny)
    return y


LOSSES = {
    "mse": Loss("mean squared error", mse, mse_prime),
    "cross_entropy": Loss("cross-entropy", cross_entropy, cross_entropy_prime),
    "softmax_cross_entropy": Loss("softmax cross-entropy", softmax_cross_entropy, softmax_cross_entropy_prime),
}


def as_loss(function: str | LossFunction, gradient: LossGradient | None = None) -> Loss:
    """Finds a loss by its name, or makes one of a pair of plain functions of (y_true, y_pred).

    Raises:
        NnstepError: the name is unknown, or a function came without its gradient.
    """
    if isinstance(function, str):
        if function not in LOSSES:
            raise NnstepError(f"unknown loss '{function}'", f"Choose one of: {', '.join(LOSSES)}")
        return LOSSES[function]
    if gradient is None:
        raise NnstepError("a loss of your own needs its gradient as well", "Write use_loss(function, gradient)")
    return Loss(getattr(function, "__name__", "loss"), function, gradient)
