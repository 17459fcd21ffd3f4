"""The compiled engine: stacks of nnstep's own layers; the fastest way leaves out what zero pixels multiply."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnstep.engines.affine_stack import affine_layers, pixel_values, why_not
from nnstep.engines.base import Outcome, broken_numba
from nnstep.engines.compiled_stack import CompiledRun
from nnstep.extras import import_error
from nnstep.layers import AffineLayer, Array
from nnstep.samples import Samples
from nnstep.stack import Stack

KINDS = {"identity": 0, "tanh": 1, "relu": 2, "sigmoid": 3}
CACHE_LINE = 64


class NumbaEngine:
    """Runs a stack that `compiled_stack.why_not` has nothing against. Numba is imported at the first run."""

    name = "numba"

    def prepare(self, stack: Stack, samples: Samples) -> None:
        """Compiles, or loads what was compiled before, for these types of pixels and parameters."""
        if _packs(stack):
            self.run(stack, samples, np.zeros(0, np.int64), 0.0)
            return
        before = stack.snapshot()
        for batch in (1, 2):
            self.run(stack, samples, np.arange(min(batch, len(samples))), 0.0, batch)
        stack.restore(before)

    def run(
        self,
        stack: Stack,
        samples: Samples,
        rows: NDArray[np.int64],
        learning_rate: float,
        batch_size: int = 1,
    ) -> Outcome:
        """Trains on the rows in their order, `batch_size` at a time; see `Engine.run`."""
        if error := import_error("numba"):
            raise broken_numba(error)
        from nnstep.engines.kernels import run_rows

        if not _packs(stack):
            with np.errstate(over="ignore", invalid="ignore"):
                return CompiledRun(stack, samples, learning_rate).run(rows, batch_size)
        layers, activations = zip(*affine_layers(stack), strict=True)
        widths = [len(layers[0].weights), *(len(layer.bias) for layer in layers)]
        packed = _Packed(layers, stack.dtype)
        losses, predictions = np.zeros(len(rows)), np.zeros(len(rows), np.uint8)
        done = run_rows(
            packed.flat,
            packed.weights,
            packed.biases,
            np.array(widths, np.uint64),
            packed.strides,
            np.array([KINDS[name] for name in activations]),
            samples.pixels,
            pixel_values(samples, stack.dtype),
            samples.labels,
            np.asarray(rows, np.uint64),
            stack.dtype.type(learning_rate),
            at_cache_line((1 + max(1, min(batch_size, len(rows))), int(packed.strides.max())), stack.dtype),
            losses,
            predictions,
        )
        packed.unpack()
        return Outcome(losses[:done], predictions[:done])


def _packs(stack: Stack) -> bool:
    """The fastest way takes it: affine layers with an activation each, mean squared error, plain descent."""
    if why_not(stack) or not stack.rule.plain:
        return False
    return all(name in KINDS for _, name in affine_layers(stack))


def at_cache_line(shape: tuple[int, ...], dtype: np.dtype[np.floating]) -> Array:
    """Zeros that begin at a cache line: rows that straddle lines take half as long again."""
    size = math.prod(shape)
    room = np.zeros(size + CACHE_LINE // dtype.itemsize, dtype)
    offset = -room.ctypes.data % CACHE_LINE // dtype.itemsize
    return room[offset : offset + size].reshape(shape)


class _Packed:
    """All parameters in one flat array, each row of weights filled up with zeros to whole cache lines.

    Attributes:
        flat: the array.
        weights, biases: where those of each layer begin in it.
        strides: how far apart the rows of each layer's weights are.
    """

    def __init__(self, layers: Sequence[AffineLayer], dtype: np.dtype[np.floating]) -> None:
        line = CACHE_LINE // dtype.itemsize
        self.layers = layers
        strides = [-(-len(layer.bias) // line) * line for layer in layers]
        rows = [1 + len(layer.weights) for layer in layers]
        ends = np.cumsum(np.multiply(strides, rows))
        self.flat = at_cache_line((int(ends[-1]),), dtype)
        self.strides = np.array(strides, np.uint64)
        self.biases = np.array([0, *ends[:-1]], np.uint64)
        self.weights = self.biases + self.strides
        for layer, table in zip(layers, self._tables(), strict=True):
            table[0], table[1:] = layer.bias, layer.weights

    def unpack(self) -> None:
        """Copies all parameters back into the layers."""
        for layer, table in zip(self.layers, self._tables(), strict=True):
            layer.bias[...], layer.weights[...] = table[0], table[1:]

    def _tables(self) -> list[Array]:
        """For each layer, bias and weights below each other, as they stand in the flat array."""
        tables = []
        for layer, start, stride in zip(self.layers, self.biases.tolist(), self.strides.tolist(), strict=True):
            rows, columns = layer.weights.shape
            table = self.flat[start : start + (rows + 1) * stride].reshape(rows + 1, stride)
            tables.append(table[:, :columns])
        return tables
