"""The activations: functions of one number and their derivatives, safe for any finite input."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstep.errors import NnstepError

Array = NDArray[np.floating]
Function = Callable[[Array], Array]

LEAK = 0.01


@dataclass(frozen=True)
class Activation:
    """A function of one number and its derivative, both taking f's input, element by element."""

    name: str
    function: Function
    derivative: Function


def tanh(x: Array) -> Array:
    """Hyperbolic tangent, between −1 and 1."""
    y: Array = np.tanh(x)
    return y


def tanh_prime(x: Array) -> Array:
    """tanh′(x) = 1 − tanh(x)²."""
    return 1 - np.tanh(x) ** 2


def relu(x: Array) -> Array:
    """X where it is positive, else 0."""
    return np.maximum(x, 0)


def relu_prime(x: Array) -> Array:
    """1 where x is positive, else 0; the kink at 0 counts as 0."""
    return (x > 0).astype(x.dtype)


def sigmoid(x: Array) -> Array:
    """1 / (1 + e⁻ˣ), written so that only e⁻|ˣ| is taken, which cannot overflow."""
    z = np.exp(-np.abs(x))
    y: Array = np.where(x >= 0, 1, z) / (1 + z)
    return y


def sigmoid_prime(x: Array) -> Array:
    """sigmoid′(x) = sigmoid(x) sigmoid(−x)."""
    return sigmoid(x) * sigmoid(-x)


def leaky_relu(x: Array) -> Array:
    """X where it is positive, else 0.01 x (Maas et al. 2013)."""
    y: Array = np.where(x > 0, x, x * x.dtype.type(LEAK))
    return y


def leaky_relu_prime(x: Array) -> Array:
    """1 where x is positive, else 0.01; the kink at 0 counts as 0.01."""
    return np.where(x > 0, 1, LEAK).astype(x.dtype)


def elu(x: Array) -> Array:
    """X where it is positive, else eˣ − 1 (Clevert et al. 2015)."""
    y: Array = np.where(x > 0, x, np.expm1(np.minimum(x, 0)))
    return y


def elu_prime(x: Array) -> Array:
    """1 where x is positive, else eˣ."""
    y: Array = np.exp(np.minimum(x, 0))
    return y


def gelu(x: Array) -> Array:
    """X Φ(x), Φ the normal distribution's share below x (Hendrycks and Gimpel 2016), not its approximation by tanh."""
    return x * share_below(x)


def gelu_prime(x: Array) -> Array:
    """gelu′(x) = Φ(x) + x φ(x), φ(x) = e^(−x²/2) / √(2π)."""
    near = np.clip(x, -40, 40)  # beyond, e^(−x²/2) is 0, and x² may overflow
    return share_below(x) + near * np.exp(-(near**2) / 2) / x.dtype.type(math.sqrt(2 * math.pi))


def share_below(x: Array) -> Array:
    """Φ(x) = erfc(−x / √2) / 2, which keeps its digits where it is almost 0."""
    y: Array = (_erfc(-x / x.dtype.type(math.sqrt(2))) / 2).astype(x.dtype)
    return y


_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def identity(x: Array) -> Array:
    """X itself, as a new array."""
    return x.copy()


def identity_prime(x: Array) -> Array:
    """1 everywhere."""
    return np.ones_like(x)


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("tanh", tanh, tanh_prime),
        Activation("relu", relu, relu_prime),
        Activation("sigmoid", sigmoid, sigmoid_prime),
        Activation("identity", identity, identity_prime),
        Activation("leaky_relu", leaky_relu, leaky_relu_prime),
        Activation("elu", elu, elu_prime),
        Activation("gelu", gelu, gelu_prime),
    )
}


def as_activation(function: str | Function, derivative: Function | None = None) -> Activation:
    """Finds an activation by its name, or makes one of a pair of plain functions.

    Raises:
        NnstepError: the name is unknown, or a function came without its derivative.
    """
    if isinstance(function, str):
        if function not in ACTIVATIONS:
            softmax = "; softmax is a layer of its own: SoftmaxLayer()" if function == "softmax" else ""
            raise NnstepError(f"unknown activation '{function}'", f"Choose one of: {', '.join(ACTIVATIONS)}{softmax}")
        return ACTIVATIONS[function]
    if derivative is None:
        raise NnstepError(
            "an activation function of your own needs its derivative as well",
            "Write ActivationLayer(function, derivative)",
        )
    return Activation(getattr(function, "__name__", "activation"), function, derivative)


def activation_name(X: Array, Y: Array) -> str:
    """Which activation makes Y of X, an array with numbers of both signs; empty where none does."""
    with np.errstate(all="ignore"):
        fits = (name for name, known in ACTIVATIONS.items() if np.allclose(Y, known.function(X), rtol=1e-4, atol=1e-6))
        return next(fits, "")
