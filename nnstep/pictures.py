"""Turns tensors of any shape into rows and columns that fit a given room, and numbers into levels of a colour scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nnstep.layers import Array

LEVELS = 16
NOT_FINITE, NO_ELEMENT = 99, 98
DECADES = 4

Index = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How an array is laid out as rows × columns: element after element, the last row may end early.

    Attributes:
        shape: of the array.
        columns: how many elements stand in a row.
    """

    shape: Index
    columns: int

    @property
    def size(self) -> int:
        """How many elements there are."""
        return math.prod(self.shape)

    @property
    def rows(self) -> int:
        """How many rows, the last one included where it ends early."""
        return -(-self.size // self.columns)

    def matrix(self, array: Array) -> Array:
        """The elements as (rows, columns); the places after the last element hold 0, see `padding`."""
        array = np.asarray(array)
        if array.dtype.kind != "f":
            array = array.astype(np.float64)
        if self.size == self.rows * self.columns:
            return array.reshape(self.rows, self.columns)
        padded = np.zeros(self.rows * self.columns, array.dtype)
        padded[: self.size] = array.ravel()
        return padded.reshape(self.rows, self.columns)

    def padding(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Where these rows cross these columns: is there no element? (len(rows), len(columns))."""
        return np.asarray(rows[:, None] * self.columns + columns >= self.size)

    def cell_of(self, index: Index) -> tuple[int, int]:
        """The row and the column of an element, given by its index along all axes."""
        place = sum(i * math.prod(self.shape[axis + 1 :]) for axis, i in enumerate(index))
        return divmod(place, self.columns)

    def index_of(self, row: int, column: int) -> Index | None:
        """The index, along all axes, of the element in a row and a column; None where there is none."""
        place = row * self.columns + column
        if not (row >= 0 and 0 <= column < self.columns and place < self.size):
            return None
        return tuple(int(i) for i in np.unravel_index(place, self.shape)) if self.shape else ()


@dataclass(frozen=True, slots=True)
class Tiles:
    """Weights (pixels, outputs) laid out as one picture for each output, side by side.

    Attributes:
        picture: height and width of the sample picture.
        count: how many pictures there are.
    """

    picture: tuple[int, int]
    count: int

    @property
    def rows(self) -> int:
        """The height of a picture."""
        return self.picture[0]

    @property
    def columns(self) -> int:
        """The width of all pictures together."""
        return self.picture[1] * self.count

    def cell_of(self, index: Index) -> tuple[int, int]:
        """The row and the column of weight (pixel, output)."""
        row, column = divmod(index[0], self.picture[1])
        return row, index[1] * self.picture[1] + column

    def index_of(self, row: int, column: int) -> Index | None:
        """The pixel and the output of the weight in a row and a column; None outside."""
        if not (0 <= row < self.rows and 0 <= column < self.columns):
            return None
        output, x = divmod(column, self.picture[1])
        return row * self.picture[1] + x, output


@lru_cache(256)
def layout_of(shape: Index, picture: tuple[int, int] | None = None, wrap: int = LEVELS) -> Layout:
    """How an array of this shape is laid out.

    A matrix stays as it is; an array with more axes becomes (first axis, all others). A vector with as many elements as
    the picture has pixels becomes that picture; any other one is wrapped, so that it is no thin line.

    Args:
        shape: of the array; a matrix with one row or one column counts as a vector, () is a single number.
        picture: height and width of the sample picture, if samples are pictures.
        wrap: how many elements of a vector stand in a row.
    """
    size = math.prod(shape)
    if len(shape) >= 2 and shape[0] > 1 and size > shape[0]:
        return Layout(shape, size // shape[0])
    if picture and picture[0] > 1 and size == picture[0] * picture[1]:
        return Layout(shape, picture[1])
    return Layout(shape, max(1, min(wrap, size)))


def tiles_of(shape: Index, picture: tuple[int, int] | None) -> Tiles | None:
    """The pictures that a weights matrix of this shape holds, one in each column; None where it holds none."""
    if len(shape) != 2 or not picture or picture[0] < 2 or shape[0] != picture[0] * picture[1] or not shape[1]:
        return None
    return Tiles(picture, shape[1])


def column_picture(array: Array, column: int, picture: tuple[int, int]) -> Array:
    """One column of weights (pixels, outputs) as a picture (height, width)."""
    return array[:, column].reshape(picture)


def moved(layout: Layout | Tiles, index: Index, down: int, right: int) -> Index:
    """The index reached from an element by so many rows and columns: up to the edge, never outside the elements."""
    if not layout.rows * layout.columns:
        return index
    row, column = layout.cell_of(index)
    row = max(0, min(row + down, layout.rows - 1))
    column = max(0, min(column + right, layout.columns - 1))
    while (found := layout.index_of(row, column)) is None:
        row, column = (row - 1, column) if down else (row, column - 1)
    return found


@dataclass(frozen=True, eq=False, slots=True)
class Grid:
    """The pixels that are drawn of a matrix.

    Attributes:
        matrix: all of it.
        values: of the pixels.
        rows: which row of the matrix each row of pixels begins with.
        columns: the same of the columns.
        end: the first row and the first column of the matrix after the pixels.
    """

    matrix: Array
    values: Array
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    end: tuple[int, int]

    def pixels(self, row: int, column: int) -> tuple[slice, slice]:
        """Which pixels show an element of the matrix; empty slices where none does."""
        return _span(self.rows, self.end[0], row), _span(self.columns, self.end[1], column)

    def element(self, y: int, x: int) -> tuple[int, int]:
        """Row and column of the element whose value a pixel has: the one farthest from zero in its block."""
        top, left = int(self.rows[y]), int(self.columns[x])
        block = np.abs(self.matrix[top : _next(self.rows, y, self.end[0]), left : _next(self.columns, x, self.end[1])])
        row, column = divmod(int(np.argmax(np.where(np.isnan(block), np.inf, block))), block.shape[1])
        return top + row, left + column


def fit(matrix: Array, height: int, width: int) -> Grid:
    """Draws a whole matrix with at most height × width pixels: of each block the value farthest from zero.

    NaN counts as farthest. A matrix that is smaller is magnified by a whole number instead.
    """
    tall, wide = min(len(matrix), height), min(matrix.shape[1], width)
    rows, columns = _starts(len(matrix), tall), _starts(matrix.shape[1], wide)
    values = _pool(_pool(matrix, rows, 0), columns, 1)
    scale = max(1, min(height // tall, width // wide))
    values = np.repeat(np.repeat(values, scale, axis=0), scale, axis=1)
    return Grid(matrix, values, np.repeat(rows, scale), np.repeat(columns, scale), (matrix.shape[0], matrix.shape[1]))


def cut(matrix: Array, top: int, left: int, height: int, width: int) -> Grid:
    """Draws the part of a matrix that begins at row top, column left: one pixel for one element."""
    values = matrix[top : top + height, left : left + width]
    rows, columns = np.arange(top, top + len(values)), np.arange(left, left + values.shape[1])
    return Grid(matrix, values, rows, columns, (top + len(values), left + values.shape[1]))


def window(size: int, room: int, offset: int, cursor: int | None = None) -> int:
    """Where a window of `room` out of `size` places begins, moved from `offset` just enough to hold the cursor."""
    if cursor is not None:
        offset = min(max(offset, cursor - room + 1), cursor)
    return max(0, min(offset, size - room))


def levels(values: Array, limit: float, log: bool = False, blank: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Levels from −16 to 16 of the values between −limit and limit; 99 for what is not finite.

    Args:
        values: of any shape.
        limit: what level 16 stands for; anything beyond it has this level too.
        log: a scale that tells small values apart too: sign(x) · log₁₀(1 + 10⁴ |x| / limit) / log₁₀(1 + 10⁴), straight
            near zero and logarithmic over the 4 decades below the limit.
        blank: where there is no element: level 98.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.clip(values / (limit or 1), -1, 1)
        if log:
            scaled = np.sign(scaled) * np.log1p(10**DECADES * np.abs(scaled)) / math.log1p(10**DECADES)
    found = np.where(np.isfinite(values), np.rint(scaled * LEVELS), NOT_FINITE).astype(np.int64)
    if blank is not None:
        found[blank] = NO_ELEMENT
    return found


def largest(array: Array) -> float:
    """The largest absolute value that is finite; 0 where there is none."""
    array = np.asarray(array)
    if not array.size:
        return 0.0
    low, high = float(array.min()), float(array.max())
    if math.isfinite(low) and math.isfinite(high):
        return max(-low, high)
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max()) if finite.size else 0.0


def _starts(size: int, room: int) -> NDArray[np.int64]:
    return np.arange(room) * size // room


def _pool(matrix: Array, starts: NDArray[np.int64], axis: int) -> Array:
    if matrix.shape[axis] == len(starts):
        return matrix
    with np.errstate(invalid="ignore"):
        low, high = np.minimum.reduceat(matrix, starts, axis), np.maximum.reduceat(matrix, starts, axis)
    pooled: Array = np.where(-low > high, low, high)
    return pooled


def _next(starts: NDArray[np.int64], pixel: int, end: int) -> int:
    after = int(np.searchsorted(starts, starts[pixel], "right"))
    return int(starts[after]) if after < len(starts) else end


def _span(starts: NDArray[np.int64], end: int, place: int) -> slice:
    if not len(starts) or not starts[0] <= place < end:
        return slice(0, 0)
    start = starts[np.searchsorted(starts, place, "right") - 1]
    return slice(int(np.searchsorted(starts, start, "left")), int(np.searchsorted(starts, start, "right")))
