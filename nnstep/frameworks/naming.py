"""What a student's layer calls a parameter, and how it lays its array out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnstep.layers import Array


@dataclass(frozen=True, slots=True)
class Naming:
    """A parameter as a stack has it.

    Attributes:
        name: what it is called there.
        shape: of its array there.
        transposed: weights are (outputs, inputs) there.
    """

    name: str
    shape: tuple[int, ...]
    transposed: bool = False

    def theirs(self, array: Array) -> Array:
        """An array of nnstep's, weights (inputs, outputs) or a bias (outputs,), as the stack lays it out."""
        return (array.T if self.transposed else array).reshape(self.shape)

    def ours(self, array: Array) -> Array:
        """The way back."""
        if self.transposed:
            return array.T
        return array if array.ndim == 2 and min(array.shape) > 1 else np.ravel(array)
