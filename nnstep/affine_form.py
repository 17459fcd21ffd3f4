"""Finds out whether a layer computes Y = X W + b, which of its arrays is which, and which way round W is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnstep.layers import Array


@dataclass(frozen=True, slots=True)
class AffineForm:
    """Which parameters are W and b.

    Attributes:
        weights: the name of W.
        transposed: W is (outputs, inputs).
        bias: the name of b, None where there is none.
    """

    weights: str
    transposed: bool
    bias: str | None

    def W(self, arrays: Mapping[str, Array]) -> Array:
        """The weights as (inputs, outputs)."""
        array = arrays[self.weights]
        return array.T if self.transposed else array

    def b(self, arrays: Mapping[str, Array]) -> Array:
        """The bias as (outputs,), zeros where there is none."""
        if self.bias is None:
            return np.zeros(self.W(arrays).shape[1])
        return arrays[self.bias].reshape(-1)

    def weights_index(self, i: int, j: int) -> tuple[int, int]:
        """Where W[i, j] stands in the array."""
        return (j, i) if self.transposed else (i, j)

    def bias_index(self, arrays: Mapping[str, Array], j: int) -> tuple[int, ...]:
        """Where b[j] stands in the array."""
        assert self.bias is not None
        return tuple(int(k) for k in np.unravel_index(j, arrays[self.bias].shape))


def affine_form(X: Array, Y: Array, parameters: Mapping[str, Array]) -> AffineForm | None:
    """The form with which Y (batch, outputs) comes from X (batch, inputs), up to rounding; None where none fits.

    Args:
        X: what went in.
        Y: what came out.
        parameters: the arrays by name, in any shape.
    """
    if X.ndim != 2 or Y.ndim != 2 or not np.all(np.isfinite(X)) or not np.all(np.isfinite(Y)):
        return None
    inputs, outputs = X.shape[1], Y.shape[1]
    biases = [name for name, array in parameters.items() if array.size == outputs and _is_line(array)]
    for name, W in parameters.items():
        for transposed in (False, True):
            if W.shape != ((outputs, inputs) if transposed else (inputs, outputs)):
                continue
            product = X @ (W.T if transposed else W)
            for bias in [*(b for b in biases if b != name), None]:
                if _close(product + (parameters[bias].reshape(-1) if bias else 0), Y):
                    return AffineForm(name, transposed, bias)
    return None


def _is_line(array: Array) -> bool:
    return max(array.shape, default=1) == array.size


def _close(a: Array, b: Array) -> bool:
    single = a.dtype == np.float32 or b.dtype == np.float32
    scale = float(np.max(np.abs(b), initial=0)) + 1e-300
    return bool(np.max(np.abs(a - b), initial=0) <= (1e-4 if single else 1e-9) * scale)
