"""The engine that takes any stack: it calls the layers themselves, or a faster way for those that it knows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnstep.engines.affine_numpy import SLOPES, AffineRun
from nnstep.engines.affine_stack import affine_layers, why_not
from nnstep.engines.base import Outcome
from nnstep.samples import Samples
from nnstep.stack import Stack


class LayerByLayer:
    """Runs any stack as it is stepped by hand: through the layers' own methods, with no faster way for any."""

    name = "layers"

    def prepare(self, stack: Stack, samples: Samples) -> None:
        """Nothing is to be done before."""

    def run(
        self,
        stack: Stack,
        samples: Samples,
        rows: NDArray[np.int64],
        learning_rate: float,
        batch_size: int = 1,
    ) -> Outcome:
        """Trains on the rows in their order, `batch_size` at a time; see `Engine.run`."""
        return through_layers(stack, samples, rows, learning_rate, batch_size)


class NumpyEngine:
    """Runs any stack through its own forward and backward methods."""

    name = "numpy"

    def prepare(self, stack: Stack, samples: Samples) -> None:
        """Nothing is to be done before."""

    def run(
        self,
        stack: Stack,
        samples: Samples,
        rows: NDArray[np.int64],
        learning_rate: float,
        batch_size: int = 1,
    ) -> Outcome:
        """Trains on the rows in their order, `batch_size` at a time; see `Engine.run`."""
        with np.errstate(over="ignore", invalid="ignore"):
            if why_not(stack) or not stack.rule.plain or any(f not in SLOPES for _, f in affine_layers(stack)):
                return through_layers(stack, samples, rows, learning_rate, batch_size)
            run = AffineRun(stack, samples, learning_rate)
            return run.one_at_a_time(rows) if batch_size == 1 else run.in_batches(rows, batch_size)


def through_layers(
    stack: Stack, samples: Samples, rows: NDArray[np.int64], learning_rate: float, batch_size: int = 1
) -> Outcome:
    """Trains by calling each layer's own methods, whoever wrote it; see `Engine.run`."""
    losses, predictions = np.zeros(len(rows)), np.zeros(len(rows), np.uint8)
    for start in range(0, len(rows), batch_size):
        batch = slice(start, min(start + batch_size, len(rows)))
        X, y = samples.inputs(rows[batch], stack.dtype), samples.targets(rows[batch], stack.dtype)
        value = X
        for layer in stack.layers:
            value = layer.forward_propagation(value)
        for i in range(len(y)):
            losses[start + i] = stack.loss.function(y[i : i + 1], value[i : i + 1])
        predictions[batch] = value.argmax(axis=1)
        if not np.all(np.isfinite(losses[batch])):
            done = start + int(np.argmax(~np.isfinite(losses[batch]))) + 1
            return Outcome(losses[:done], predictions[:done])
        stack.backward(stack.loss.gradient(y, value), learning_rate)
    return Outcome(losses, predictions)
