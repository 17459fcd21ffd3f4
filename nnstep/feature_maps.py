"""How an array with four axes is laid out as pictures: feature maps, or the filters of a convolution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstep.layers import Array
from nnstep.pictures import Index, Layout

MAPS, FILTERS = (1, 2), (0, 1)


@dataclass(frozen=True, slots=True)
class Maps(Layout):
    """Pictures beside and below each other, with one blank line between.

    Attributes:
        axes: which axes of the array are a picture's rows and columns.
        across: how many pictures stand side by side.
    """

    axes: tuple[int, int]
    across: int

    @property
    def picture(self) -> tuple[int, int]:
        """Height and width of one."""
        return self.shape[self.axes[0]], self.shape[self.axes[1]]

    @property
    def others(self) -> tuple[int, int]:
        """The other two axes, along which the pictures are counted."""
        first, second = (axis for axis in range(4) if axis not in self.axes)
        return first, second

    @property
    def count(self) -> int:
        """How many pictures there are."""
        return self.shape[self.others[0]] * self.shape[self.others[1]]

    @property
    def rows(self) -> int:
        """The height of all together."""
        return -(-self.count // self.across) * (self.picture[0] + 1) - 1

    def matrix(self, array: Array) -> Array:
        """All pictures as one (rows, columns); what is between them holds 0, see `padding`."""
        array = np.asarray(array)
        if array.dtype.kind != "f":
            array = array.astype(np.float64)
        pictures = array.transpose(*self.others, *self.axes).reshape(self.count, *self.picture)
        (height, width), down = self.picture, -(-self.count // self.across)
        room = np.zeros((down * self.across, height + 1, width + 1), array.dtype)
        room[: self.count, :height, :width] = pictures
        grid = room.reshape(down, self.across, height + 1, width + 1).transpose(0, 2, 1, 3)
        whole: Array = grid.reshape(down * (height + 1), self.across * (width + 1))[:-1, :-1]
        return whole

    def padding(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Where these rows cross these columns: is there no element? (len(rows), len(columns))."""
        height, width = self.picture
        between = (rows % (height + 1) == height)[:, None] | (columns % (width + 1) == width)
        number = (rows // (height + 1) * self.across)[:, None] + columns // (width + 1)
        return np.asarray(between | (number >= self.count))

    def cell_of(self, index: Index) -> tuple[int, int]:
        """The row and the column of an element, given by its index along all axes."""
        down, beside = divmod(self._number(index), self.across)
        height, width = self.picture
        return down * (height + 1) + index[self.axes[0]], beside * (width + 1) + index[self.axes[1]]

    def index_of(self, row: int, column: int) -> Index | None:
        """The index of the element in a row and a column; None where there is none."""
        height, width = self.picture
        down, y = divmod(row, height + 1)
        beside, x = divmod(column, width + 1)
        number = down * self.across + beside
        if row < 0 or not 0 <= beside < self.across or y == height or x == width or number >= self.count:
            return None
        index = [0, 0, 0, 0]
        index[self.others[0]], index[self.others[1]] = divmod(number, self.shape[self.others[1]])
        index[self.axes[0]], index[self.axes[1]] = y, x
        return tuple(index)

    def moved(self, index: Index, down: int, right: int) -> Index:
        """The index reached by so many rows and columns; blank lines are skipped, the edge holds."""
        for step, axis, size in ((down, 0, self.rows), (right, 1, self.columns)):
            for _ in range(abs(step)):
                at = list(self.cell_of(index))
                at[axis] += 1 if step > 0 else -1
                if self.index_of(*at) is None:
                    at[axis] += 1 if step > 0 else -1
                found = self.index_of(*at) if 0 <= at[axis] < size else None
                index = found or index
        return index

    def _number(self, index: Index) -> int:
        return index[self.others[0]] * self.shape[self.others[1]] + index[self.others[1]]


def maps_of(shape: Index, filters: bool) -> Maps | None:
    """The pictures of an array with four axes, about twice as wide as high; None for any other array.

    Args:
        shape: (batch, height, width, channels), or of filters (height, width, channels, filters).
        filters: which of both it is.
    """
    if len(shape) != 4 or not math.prod(shape):
        return None
    axes = FILTERS if filters else MAPS
    height, width = shape[axes[0]] + 1, shape[axes[1]] + 1
    count = math.prod(shape) // (shape[axes[0]] * shape[axes[1]])
    across = min(count, math.ceil(math.sqrt(2 * count * height / width)))
    return Maps(shape, across * width - 1, axes, across)
