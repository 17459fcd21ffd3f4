"""Turns tensors of any size into small matrices of levels that fit a given room."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnstep.layers import Array

LEVELS = 16


def as_matrix(array: Array, picture: tuple[int, int] | None = None, wrap: int = 16) -> Array:
    """Lays an array out as rows and columns.

    A vector with as many elements as a picture has pixels becomes that picture; any other one is wrapped into rows of
    `wrap` elements, the last one padded with NaN, so that it is no thin line.
    """
    if array.ndim == 2 and 1 not in array.shape:
        return array
    vector = array.ravel()
    if picture and picture[0] > 1 and vector.size == picture[0] * picture[1]:
        return vector.reshape(picture)
    columns = min(wrap, max(1, vector.size))
    padded = np.full(-(-vector.size // columns) * columns, np.nan, vector.dtype)
    padded[: vector.size] = vector
    return padded.reshape(-1, columns)


def fit(matrix: Array, height: int, width: int) -> Array:
    """Makes a matrix at most height × width: of each block the value farthest from zero, with its sign.

    A matrix that is smaller is magnified by a whole number instead.
    """
    matrix = _pool(_pool(matrix, height).T, width).T
    rows, columns = matrix.shape
    scale = max(1, min(height // rows, width // columns))
    return np.repeat(np.repeat(matrix, scale, axis=0), scale, axis=1)


def levels(matrix: Array, limit: float) -> NDArray[np.int64]:
    """Levels from −16 to 16 of the values between −limit and limit; 99 for what is not finite."""
    finite = np.isfinite(matrix)
    scaled = np.where(finite, matrix, 0) / (limit or 1)
    return np.where(finite, np.rint(np.clip(scaled, -1, 1) * LEVELS), 99).astype(np.int64)


def largest(array: Array) -> float:
    """The largest absolute value that is finite; 0 where there is none."""
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max()) if finite.size else 0.0


def _pool(matrix: Array, rows: int) -> Array:
    if len(matrix) <= rows:
        return matrix
    starts = np.arange(rows) * len(matrix) // rows
    low, high = np.fmin.reduceat(matrix, starts, axis=0), np.fmax.reduceat(matrix, starts, axis=0)
    pooled: Array = np.where(-low > high, low, high)
    return pooled
