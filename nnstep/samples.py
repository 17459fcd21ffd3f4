"""Labelled samples, kept as small as they came and turned into floats only when needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnstep.layers import Array

Rows: TypeAlias = slice | NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Samples:
    """Inputs with what they should give.

    Attributes:
        pixels: (samples, inputs), uint8 pictures of 0 to 255, or floats that are taken as they are.
        labels: (samples,) the class of each, uint8.
        shape: height and width of one picture; (1, inputs) where the inputs are no picture.
        classes: how many classes there are.
    """

    pixels: NDArray[np.uint8] | Array
    labels: NDArray[np.uint8]
    shape: tuple[int, int]
    classes: int = 10

    def __len__(self) -> int:
        return len(self.labels)

    def inputs(self, rows: Rows, dtype: DTypeLike = np.float64) -> Array:
        """X (batch, inputs) of the rows asked for; pixels are divided by 255."""
        chosen = self.pixels[rows]
        if chosen.dtype == np.uint8:
            scaled: Array = chosen.astype(dtype) / np.dtype(dtype).type(255)
            return scaled
        return chosen.astype(dtype)

    def targets(self, rows: Rows, dtype: DTypeLike = np.float64) -> Array:
        """Y (batch, classes) of the rows asked for, one-hot."""
        targets: Array = np.eye(self.classes, dtype=dtype)[self.labels[rows]]
        return targets

    def first(self, limit: int | None) -> Samples:
        """The first `limit` samples, or all."""
        if limit is None:
            return self
        return Samples(self.pixels[:limit], self.labels[:limit], self.shape, self.classes)


@dataclass(frozen=True, eq=False, slots=True)
class Dataset:
    """A training set and a test set of one kind, and the name they were asked for by."""

    name: str
    train: Samples
    test: Samples
