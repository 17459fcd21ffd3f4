"""The layers: each takes X and gives Y, then takes dE/dY, gives dE/dX and improves its own parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnstep.activations import ACTIVATIONS as ACTIVATIONS
from nnstep.activations import Activation as Activation
from nnstep.activations import Array as Array
from nnstep.activations import Function
from nnstep.activations import as_activation as as_activation
from nnstep.activations import identity as identity
from nnstep.activations import identity_prime as identity_prime
from nnstep.activations import relu as relu
from nnstep.activations import relu_prime as relu_prime
from nnstep.activations import sigmoid as sigmoid
from nnstep.activations import sigmoid_prime as sigmoid_prime
from nnstep.activations import tanh as tanh
from nnstep.activations import tanh_prime as tanh_prime
from nnstep.errors import NnstepError


class Layer:
    """What every layer does. Rows are samples: X is (batch, inputs), Y is (batch, outputs).

    Attributes:
        training: False while `evaluating`: dropout and batch normalisation do something else then.
    """

    training = True

    @property
    def parameters(self) -> dict[str, Array]:
        """The learnable arrays by name, empty for a layer that learns nothing."""
        return {}

    @property
    def gradients(self) -> dict[str, Array]:
        """dE/d(parameter) of the last backward call, each of its parameter's shape."""
        return {}

    @property
    def state(self) -> dict[str, Array]:
        """What the layer keeps from sample to sample that is not learned, such as running means; it is set in place."""
        return {}

    @property
    def details(self) -> dict[str, Array]:
        """What else the last forward call made that is worth a look, such as a mask."""
        return {}

    def forward_propagation(self, X: Array) -> Array:
        """Computes Y (batch, outputs) from X (batch, inputs)."""
        raise NotImplementedError

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        """Computes dE/dX (batch, inputs) from dE/dY (batch, outputs), and updates the parameters."""
        raise NotImplementedError


@contextmanager
def evaluating(layers: Iterable[object]) -> Iterator[None]:
    """While it lasts, layers do what they do for samples that nobody learns from: nothing is dropped or averaged."""
    switched = [layer for layer in layers if isinstance(layer, Layer) and layer.training]
    for layer in switched:
        layer.training = False
    try:
        yield
    finally:
        for layer in switched:
            layer.training = True


class AffineLayer(Layer):
    """Y = X W + b.

    Args:
        inputs: how many numbers come in.
        outputs: how many go out.
        init: how the weights start: lecun, xavier, he or uniform01. The bias starts at zero.
        rng: where the weights are drawn from; a fresh generator with seed 0 where none is given.
        dtype: float64 or float32.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        init: str = "lecun",
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = np.random.default_rng(0) if rng is None else rng
        self.weights: Array = initial_weights(init, inputs, outputs, rng).astype(dtype)
        self.bias: Array = np.zeros(outputs, dtype)
        self.weights_gradient: Array = np.zeros_like(self.weights)
        self.bias_gradient: Array = np.zeros_like(self.bias)
        self.input: Array = np.zeros((0, inputs), dtype)

    @property
    def parameters(self) -> dict[str, Array]:
        """`weights` (inputs, outputs) and `bias` (outputs,)."""
        return {"weights": self.weights, "bias": self.bias}

    @property
    def gradients(self) -> dict[str, Array]:
        """dE/dW (inputs, outputs) and dE/db (outputs,) of the last backward call."""
        return {"weights": self.weights_gradient, "bias": self.bias_gradient}

    def forward_propagation(self, X: Array) -> Array:
        """Computes Y = X W + b.

        Args:
            X: (batch, inputs).

        Returns:
            Y, (batch, outputs).

        Raises:
            NnstepError: X has another number of columns than the weights have rows.
        """
        if X.ndim != 2 or X.shape[1] != len(self.weights):
            raise NnstepError(f"{self} expected X of shape (batch, {len(self.weights)}), received {X.shape}")
        self.input = X
        return X @ self.weights + self.bias

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        """Computes dE/dX = dE/dY Wᵀ, dE/dW = Xᵀ dE/dY and dE/db = Σ dE/dY, then descends by them.

        Args:
            dE_dY: (batch, outputs).
            learning_rate: η in W ← W − η dE/dW.

        Returns:
            dE/dX, (batch, inputs), from the weights before the update.
        """
        dE_dX = dE_dY @ self.weights.T
        self.weights_gradient = np.dot(self.input.T, dE_dY)  # faster than @ for one row
        self.bias_gradient = dE_dY.sum(axis=0)
        self.weights -= learning_rate * self.weights_gradient
        self.bias -= learning_rate * self.bias_gradient
        return dE_dX

    def __repr__(self) -> str:
        return f"affine {self.weights.shape[0]} → {self.weights.shape[1]}"


class ActivationLayer(Layer):
    """Y = f(X), element by element.

    Args:
        function: a name (tanh, relu, sigmoid, identity, leaky_relu, elu, gelu), or a plain function of an array.
        derivative: f′ as a plain function of f's input; needed with a function of one's own.
    """

    def __init__(self, function: str | Function, derivative: Function | None = None) -> None:
        self.activation = as_activation(function, derivative)
        self.input: Array = np.zeros((0, 0))

    def forward_propagation(self, X: Array) -> Array:
        """Computes Y = f(X), both (batch, n)."""
        self.input = X
        return self.activation.function(X)

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        """Computes dE/dX = dE/dY ∘ f′(X), both (batch, n). There is nothing to update."""
        return dE_dY * self.activation.derivative(self.input)

    def __repr__(self) -> str:
        return self.activation.name


class SoftmaxLayer(Layer):
    """Y = e^X / Σ e^X in each row: shares that are positive and add up to 1, for any finite X.

    No share is less than the smallest number of full precision (2e−308 in float64), so that −log Y and 1/Y stay finite
    and the gradient of a cross-entropy behind it comes out exact: dE/dX = (ŷ − y) / batch.
    """

    def __init__(self) -> None:
        self.output: Array = np.zeros((0, 0))

    def forward_propagation(self, X: Array) -> Array:
        """Computes Y, both (batch, n); the largest of a row is subtracted first, so that no power overflows."""
        powers = np.exp(X - X.max(axis=1, keepdims=True))
        self.output = np.maximum(powers / powers.sum(axis=1, keepdims=True), np.finfo(X.dtype).tiny)
        return self.output

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        """Computes dE/dX[j] = Y[j] (dE/dY[j] − Σₖ dE/dY[k] Y[k]), both (batch, n). There is nothing to update."""
        mean = (dE_dY * self.output).sum(axis=1, keepdims=True)
        dE_dX: Array = self.output * (dE_dY - mean)
        return dE_dX

    def __repr__(self) -> str:
        return "softmax"


def initial_weights(
    init: str, inputs: int, outputs: int, rng: np.random.Generator, fan_out: int | None = None
) -> NDArray[np.float64]:
    """Draws weights (inputs, outputs), uniformly between the limits that the rule gives.

    `fan_out` is how many sums each input is part of, where that is not the number of outputs.

    lecun: ±√(1/inputs); xavier: ±√(6/(inputs + outputs)) (Glorot and Bengio 2010); he: ±√(6/inputs) (He et al.
    2015); uniform01: between 0 and 1, kept for the lesson of how it fails.

    Raises:
        NnstepError: the rule is unknown, or a size is no whole number above 0.
    """
    for size in (inputs, outputs):
        if not isinstance(size, int | np.integer) or size < 1:
            raise NnstepError(f"a layer expected its sizes as whole numbers from 1, received {size!r}")
    limits = {
        "lecun": (1 / inputs) ** 0.5,
        "xavier": (6 / (inputs + (fan_out or outputs))) ** 0.5,
        "he": (6 / inputs) ** 0.5,
    }
    if init == "uniform01":
        return rng.uniform(0, 1, (inputs, outputs))
    if init not in limits:
        raise NnstepError(f"unknown init '{init}'", f"Choose one of: {', '.join(INITS)}")
    weights: NDArray[np.float64] = rng.uniform(-limits[init], limits[init], (inputs, outputs))
    return weights


INITS = ("lecun", "xavier", "he", "uniform01")
