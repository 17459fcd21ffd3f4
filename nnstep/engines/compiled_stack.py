"""Trains any stack of nnstep's own layers layer by layer, with compiled loops where numpy is slow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnstep.activations import ACTIVATIONS
from nnstep.batchnorm import BatchNormLayer
from nnstep.convolution import ConvLayer
from nnstep.dropout import DropoutLayer
from nnstep.engines.base import Outcome
from nnstep.layers import ActivationLayer, AffineLayer, SoftmaxLayer
from nnstep.losses import LOSSES
from nnstep.pooling import AveragePoolLayer, FlattenLayer, MaxPoolLayer
from nnstep.samples import Samples
from nnstep.stack import Stack

TAKEN = (
    AffineLayer,
    ActivationLayer,
    SoftmaxLayer,
    ConvLayer,
    MaxPoolLayer,
    AveragePoolLayer,
    FlattenLayer,
    DropoutLayer,
    BatchNormLayer,
)
LOSS_KINDS = {"mse": 0, "cross_entropy": 1, "softmax_cross_entropy": 2}


def why_not(stack: Stack) -> str | None:
    """What keeps a stack from being made of nnstep's own layers alone, or None where it is."""
    if stack.loss not in LOSSES.values():
        return f"its loss is {stack.loss.name}, not one of nnstep's"
    for layer, name in zip(stack.layers, stack.names, strict=True):
        if type(layer) not in TAKEN:
            return f"{name} is a layer of your own"
        if isinstance(layer, ActivationLayer) and ACTIVATIONS.get(layer.activation.name) is not layer.activation:
            return f"{name} is an activation of your own"
        for array in getattr(layer, "parameters", {}).values():
            if array.dtype != stack.dtype:
                return f"{name} is {array.dtype}, others are {stack.dtype}"
    if sum(layer is other for layer in stack.layers for other in stack.layers) > len(stack.layers):
        return "one layer stands in it twice"
    return None


class CompiledRun:
    """One run over rows of samples, with the room that it works in.

    Args:
        stack: what `why_not` has nothing against. Its parameters and state are updated in place.
        samples: what it learns from.
        learning_rate: η of the updates.
    """

    def __init__(self, stack: Stack, samples: Samples, learning_rate: float) -> None:
        from nnstep.engines.compiled_layers import runner_of

        self.stack, self.samples, self.rate, self.dtype = stack, samples, learning_rate, stack.dtype
        self.runners = [runner_of(layer, stack.dtype) for layer in stack.layers]  # type: ignore[arg-type]
        self.kind = next(LOSS_KINDS[name] for name, loss in LOSSES.items() if loss is stack.loss)
        learns = [bool(stack.parameters_of(index)) for index in range(len(stack.layers))]
        self.first = learns.index(True) if True in learns else len(learns)

    def run(self, rows: NDArray[np.int64], batch_size: int) -> Outcome:
        """Trains on the rows in their order, `batch_size` at a time; see `Engine.run`."""
        losses, predictions = np.zeros(len(rows)), np.zeros(len(rows), np.uint8)
        for start in range(0, len(rows), batch_size):
            end = min(start + batch_size, len(rows))
            done = self._batch(rows[start:end], losses[start:end], predictions[start:end])
            if done < end - start or not np.isfinite(losses[end - 1]):
                return Outcome(losses[: start + done], predictions[: start + done])
        return Outcome(losses, predictions)

    def _batch(self, rows: NDArray[np.int64], losses: NDArray[np.float64], predictions: NDArray[np.uint8]) -> int:
        """One forward pass, the losses, and where these are finite a backward pass; returns how many are done."""
        from nnstep.engines.layer_kernels import judge

        value = self.samples.inputs(rows, self.dtype)
        for runner in self.runners:
            value = runner.forward(value)
        gradient, tiny = np.empty_like(value), np.finfo(self.dtype).tiny
        done = judge(self.kind, value, self.samples.labels[rows], tiny, losses, predictions, gradient)
        if done == len(rows) and np.isfinite(losses[-1]):
            for index in reversed(range(self.first, len(self.runners))):
                gradient = self._learn(index, gradient)
        return int(done)

    def _learn(self, index: int, gradient: NDArray[np.floating]) -> NDArray[np.floating]:
        from nnstep.engines.compiled_layers import Affine
        from nnstep.engines.compiled_optimizers import plain_update, update

        runner, wanted, stack = self.runners[index], index > self.first, self.stack
        if isinstance(runner, Affine) and len(gradient) == 1 and not stack.optimizers:
            return runner.learn_from_one(gradient, self.rate, wanted)
        back = runner.backward(gradient, wanted)
        parameters = stack.parameters_of(index)
        if parameters:
            gradients = stack.layers[index].gradients  # type: ignore[attr-defined]
            if stack.optimizers:
                update(stack.optimizers[index], parameters, gradients, self.rate)
            else:
                plain_update(parameters, gradients, self.rate)
        return back
