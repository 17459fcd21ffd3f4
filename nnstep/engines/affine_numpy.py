"""Affine and activation stacks with mean squared error in plain numpy: fewer calls, and no work for zero pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.activations import LEAK
from nnstep.engines.affine_stack import affine_layers, pixel_values
from nnstep.engines.base import Outcome
from nnstep.layers import ACTIVATIONS, Array
from nnstep.samples import Samples
from nnstep.stack import Stack

# f′ by f's output, which is at hand: it spares to compute f again.
SLOPES: dict[str, Callable[[Array], Array | float]] = {
    "leaky_relu": lambda y: np.where(y > 0, 1, LEAK).astype(y.dtype),
    "elu": lambda y: np.where(y > 0, 1, y + 1).astype(y.dtype),
    "identity": lambda y: 1.0,
    "tanh": lambda y: 1 - y * y,
    "relu": lambda y: (y > 0).astype(y.dtype),
    "sigmoid": lambda y: y * (1 - y),
}


class AffineRun:
    """One run over rows of samples: the layers' arrays, the room to work in, and what came out so far.

    Args:
        stack: what `why_not` of `affine_stack` has nothing against. Its parameters are updated in place.
        samples: what it learns from.
        learning_rate: η of the updates.
    """

    def __init__(self, stack: Stack, samples: Samples, learning_rate: float) -> None:
        self.layers = affine_layers(stack)
        self.samples, self.dtype = samples, stack.dtype
        self.rate = stack.dtype.type(learning_rate)
        self.values = pixel_values(samples, stack.dtype)
        self.updates = [np.empty_like(layer.weights) for layer, _ in self.layers]
        self.some_weights = np.empty_like(self.layers[0][0].weights)

    def one_at_a_time(self, rows: NDArray[np.int64]) -> Outcome:
        """Trains on one sample after the other."""
        losses, predictions = np.zeros(len(rows)), np.zeros(len(rows), np.uint8)
        for done, row in enumerate(rows.tolist()):
            used, x = self._nonzero(self.samples.pixels[row])
            first = self.layers[0][0].weights
            some = first.take(used, axis=0, out=self.some_weights[: len(used)], mode="clip")
            inputs, outputs = self._forward(x, some)
            error = outputs[-1].copy()
            error[self.samples.labels[row]] -= 1
            losses[done], predictions[done] = np.dot(error, error) / len(error), outputs[-1].argmax()
            if not np.isfinite(losses[done]):
                return Outcome(losses[: done + 1], predictions[: done + 1])
            self._descend(error * self.dtype.type(2 / len(error)), inputs, outputs, some)
            first[used] = some
        return Outcome(losses, predictions)

    def in_batches(self, rows: NDArray[np.int64], batch_size: int) -> Outcome:
        """Trains on one batch after the other, zeros and all: that is what matrix products are best at."""
        losses, predictions = np.zeros(len(rows)), np.zeros(len(rows), np.uint8)
        weights = self.layers[0][0].weights
        for start in range(0, len(rows), batch_size):
            batch = slice(start, min(start + batch_size, len(rows)))
            inputs, outputs = self._forward(self.samples.inputs(rows[batch], self.dtype), weights)
            error = outputs[-1].copy()
            error[np.arange(len(error)), self.samples.labels[rows[batch]]] -= 1
            losses[batch] = np.einsum("ij,ij->i", error, error) / error.shape[1]
            predictions[batch] = outputs[-1].argmax(axis=1)
            if not np.isfinite(losses[batch]).all():
                done = start + int(np.argmax(~np.isfinite(losses[batch]))) + 1
                return Outcome(losses[:done], predictions[:done])
            self._descend(error * self.dtype.type(2 / error.size), inputs, outputs, weights)
        return Outcome(losses, predictions)

    def _nonzero(self, pixels: Array | NDArray[np.uint8]) -> tuple[NDArray[np.intp], Array]:
        used = pixels.nonzero()[0]
        some: NDArray[Any] = pixels[used]
        return used, self.values.take(some) if len(self.values) else some.astype(self.dtype)

    def _forward(self, x: Array, first: Array) -> tuple[list[Array], list[Array]]:
        """The input and the output of each layer; `first` stands for the first one's weights."""
        inputs, outputs = [], []
        for number, (layer, activation) in enumerate(self.layers):
            inputs.append(x)
            z = np.dot(x, layer.weights if number else first)
            z += layer.bias
            x = ACTIVATIONS[activation].function(z)
            outputs.append(x)
        return inputs, outputs

    def _descend(self, error: Array, inputs: list[Array], outputs: list[Array], first: Array) -> None:
        """Takes dE/dŷ back through the layers and updates them; `first` stands for the first one's weights."""
        for number in reversed(range(len(self.layers))):
            layer, activation = self.layers[number]
            error = error * SLOPES[activation](outputs[number])
            step, x = error * self.rate, inputs[number]
            weights = layer.weights if number else first
            update = self.updates[number][: len(weights)]
            if x.ndim == 1:
                error = np.dot(weights, error) if number else error
                np.multiply(x[:, None], step, out=update)
                layer.bias -= step
            else:
                error = np.dot(error, weights.T) if number else error
                np.dot(x.T, step, out=update)
                layer.bias -= step.sum(axis=0)
            weights -= update
