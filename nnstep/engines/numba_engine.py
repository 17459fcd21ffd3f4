"""The compiled engine: affine and activation stacks with mean squared error, leaving out what zero pixels multiply."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnstep.engines.base import Outcome
from nnstep.layers import ACTIVATIONS, ActivationLayer, AffineLayer, Array
from nnstep.losses import LOSSES
from nnstep.samples import Samples
from nnstep.stack import Stack

KINDS = {"identity": 0, "tanh": 1, "relu": 2, "sigmoid": 3}
BLOCK = 512


def why_not(stack: Stack) -> str | None:
    """What keeps the compiled engine from taking a stack, or None where it can."""
    if stack.loss is not LOSSES["mse"]:
        return f"its loss is {stack.loss.name}; compiled is mean squared error"
    before: object = None
    for layer, name in zip(stack.layers, stack.names, strict=True):
        if type(layer) is AffineLayer:
            if layer.weights.dtype != stack.dtype:
                return f"{name} is {layer.weights.dtype}, others are {stack.dtype}"
        elif type(layer) is ActivationLayer:
            if ACTIVATIONS.get(layer.activation.name) is not layer.activation:
                return f"{name} is an activation of your own"
            if not isinstance(before, AffineLayer):
                return f"{name} does not come after an affine layer"
        else:
            return f"{name} is a layer of your own"
        before = layer
    return None


class NumbaEngine:
    """Runs a stack that `why_not` has nothing against. Numba is imported, and compiles, at the first run."""

    name = "numba"

    def run(
        self,
        stack: Stack,
        samples: Samples,
        rows: NDArray[np.int64],
        learning_rate: float,
        batch_size: int = 1,
    ) -> Outcome:
        """Trains on the rows in their order, `batch_size` at a time; see `Engine.run`."""
        from nnstep.engines.kernels import run_rows

        dtype = stack.dtype
        arrays, starts, widths, kinds = _layout(stack)
        flat = np.concatenate([array.ravel() for array in arrays])
        gradient = np.zeros_like(flat) if batch_size > 1 else np.zeros(0, dtype)
        losses, predictions = np.zeros(len(rows)), np.zeros(len(rows), np.uint8)
        block, done = max(1, BLOCK // batch_size) * batch_size, 0
        while done < len(rows):
            some = slice(done, min(done + block, len(rows)))
            X, y = samples.inputs(rows[some], dtype), samples.targets(rows[some], dtype)
            layout = (flat, gradient, starts[0::2].copy(), starts[1::2].copy(), widths, kinds)
            rate = dtype.type(learning_rate)
            done += run_rows(*layout, X, y, rate, batch_size, losses[some], predictions[some])
            if done and not np.isfinite(losses[done - 1]):
                break
        for array, start in zip(arrays, starts, strict=True):
            array[...] = flat[start : start + array.size].reshape(array.shape)
        return Outcome(losses[:done], predictions[:done])


def _layout(stack: Stack) -> tuple[list[Array], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The parameters in order, where each begins in the flat array, the sizes between layers, the activations."""
    arrays: list[Array] = []
    widths: list[int] = []
    kinds: list[int] = []
    for layer in stack.layers:
        if isinstance(layer, AffineLayer):
            arrays += [layer.weights, layer.bias]
            widths += layer.weights.shape[bool(widths) :]
            kinds.append(KINDS["identity"])
        elif isinstance(layer, ActivationLayer):
            kinds[-1] = KINDS[layer.activation.name]
    ends = np.cumsum([array.size for array in arrays])
    return arrays, np.concatenate([[0], ends[:-1]]), np.array(widths), np.array(kinds)
