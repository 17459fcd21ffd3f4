"""The picture of one tensor in a room of any size: a heatmap, numbers, a histogram, or pictures of its columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from textual.strip import Strip

from nnstep.feature_maps import Maps, maps_of
from nnstep.histogram import histogram
from nnstep.layers import Array
from nnstep.pictures import Grid, Index, Layout, Tiles, cut, fit, largest, layout_of, levels, moved, tiles_of, window
from nnstep_tui.widgets.palette import CHANGED, CURSOR, Palette

NUMBER_WIDTH = 8
BARS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """What a tensor view shows.

    Attributes:
        symbol: what the tensor is called.
        array: its numbers, of any shape.
        picture: height and width of the sample picture.
        mode: heatmap, numbers, histogram, or pictures: weight columns as pictures.
        limit: the end of the colour scale; None for the array's own largest absolute value.
        log: a symmetric log scale.
        cursor: an element that is marked.
        whole: all of it in the room that there is; otherwise one element a cell, panned to the cursor.
        marks: warnings for the border.
        changed: an element that the user changed.
        subtitle: the words at the lower border.
        legend: the colour scale below the picture, where there is room for it.
    """

    symbol: str
    array: Array
    picture: tuple[int, int] | None = None
    mode: str = "heatmap"
    limit: float | None = None
    log: bool = False
    cursor: Index | None = None
    whole: bool = True
    marks: tuple[str, ...] = ()
    changed: Index | None = None
    subtitle: str = ""
    legend: bool = True


class TensorPicture:
    """Draws the view that it is given with `show`, and knows which element is drawn where."""

    def __init__(self) -> None:
        self.view = View("", np.zeros((0, 0)))
        self._drawn: tuple[int, int, Palette] | None = None
        self._lines: list[Strip] = []
        self._layout_shown: Layout | Tiles = layout_of((0,))
        self._grid: Grid | None = None
        self._offset = (0, 0)

    def show(self, view: View) -> bool:
        """Takes a tensor to draw; returns whether it is another one, or looked at in another way."""
        if _same(view, self.view):
            return False
        if view.array.shape != self.view.array.shape:
            self._offset = (0, 0)
        self.view, self._drawn = view, None
        return True

    @property
    def title(self) -> str:
        """Symbol and shape."""
        view = self.view
        shape = ", ".join(map(str, view.array.shape))
        return f"{view.symbol} ({shape})" if view.symbol and shape else view.symbol

    @property
    def words(self) -> str:
        """The warnings, then what stands at the lower border."""
        return "  ".join(part for part in (*self.view.marks, self.view.subtitle) if part)

    def cursor_moved(self, down: int, right: int) -> Index | None:
        """The element that is so many rows and columns from the cursor, as they are drawn; None without a cursor."""
        if self.view.cursor is None or self._grid is None:
            return None
        if isinstance(self._layout_shown, Maps):
            return self._layout_shown.moved(self.view.cursor, down, right)
        return moved(self._layout_shown, self.view.cursor, down, right)

    def draw(self, height: int, width: int, palette: Palette) -> list[Strip]:
        """All lines of the room, each `width` cells long."""
        if self._drawn == (height, width, palette):
            return self._lines
        self._drawn, self._palette, self._base, view = (height, width, palette), palette, palette.base, self.view
        self._grid = None
        lines: list[Strip] = []
        if height > 0 and width > 0 and view.array.size:
            if view.mode == "numbers":
                lines = list(self._draw_numbers(height, width))
            elif view.mode == "histogram" and view.array.size > 1:
                lines = list(self._draw_histogram(height, width))
            else:
                lines = list(self._draw_heatmap(height, width))
        blank = Strip.blank(max(width, 0), self._base)
        lines = [line.adjust_cell_length(width, self._base) for line in lines[:height]]
        self._lines = lines + [blank] * (height - len(lines))
        return self._lines

    def _draw_heatmap(self, height: int, width: int) -> Iterator[Strip]:
        view = self.view
        limit = largest(view.array) if view.limit is None else view.limit
        legend = view.legend and height >= 6 and width >= 24
        rows, palette = height - legend, self._palette
        strips = palette.strips(self._pixels(palette.down * rows, width, limit))
        yield from strips
        if legend:
            yield from [Strip.blank(width, self._base)] * (rows - len(strips))
            yield self._legend(limit, width)

    def _pixels(self, height: int, width: int, limit: float) -> NDArray[np.int64]:
        """The levels of all pixels, with the marks of cursor and change."""
        view = self.view
        tiles = tiles_of(view.array.shape, view.picture) if view.mode == "pictures" else None
        if tiles:
            grid, blank = self._tiles(tiles, height, width), None
        else:
            maps = maps_of(view.array.shape, "W" in view.symbol)
            layout = maps or layout_of(view.array.shape, view.picture, _wrap(view.array.size, height, width))
            matrix, self._layout_shown = layout.matrix(view.array), layout
            if view.whole:
                kept = (layout.rows, layout.columns) if maps else view.picture
                grid = fit(matrix, *_room(layout, kept, height, width))
            else:
                row, column = layout.cell_of(view.cursor) if view.cursor else (None, None)
                top = window(layout.rows, height, self._offset[0], row)
                left = window(layout.columns, width, self._offset[1], column)
                self._offset = (top, left)
                grid = cut(matrix, top, left, height, width)
            blank = layout.padding(grid.rows, grid.columns)
        self._grid = grid
        found = levels(grid.values, limit, view.log, blank)
        for index, level in ((view.changed, CHANGED), (view.cursor, CURSOR)):
            if index is not None and len(index) == view.array.ndim:
                found[grid.pixels(*self._layout_shown.cell_of(index))] += level
        return found

    def _tiles(self, tiles: Tiles, height: int, width: int) -> Grid:
        """Columns of weights as pictures, from the cursor's column on, as many as there is room for."""
        view = self.view
        self._layout_shown = tiles
        tall, wide = tiles.picture
        scale = min(1.0, height / tall)
        count = max(1, min(tiles.count, int(width // max(1, wide * scale))))
        first = min(view.cursor[1] if view.cursor else 0, tiles.count - count)
        self._offset = (0, first * wide)
        columns = view.array[:, first : first + count].T.reshape(count, tall, wide)
        matrix = columns.transpose(1, 0, 2).reshape(tall, count * wide)
        grid = fit(matrix, height, min(width, max(1, round(count * wide * scale))))
        return Grid(
            matrix, grid.values, grid.rows, grid.columns + first * wide,
            (grid.end[0], grid.end[1] + first * wide),
        )  # fmt: skip

    def _legend(self, limit: float, width: int) -> Strip:
        low, high = f"−{limit:.3g} ".replace("e-", "e−"), f" {limit:.3g}".replace("e-", "e−")
        words = (" log" if self.view.log else "") + (" shared" if self.view.limit is not None else "")
        words += self._window_text() if not self.view.whole or self.view.mode == "pictures" else ""
        room = max(3, min(33, width - len(low) - len(high) - len(words)))
        palette = self._palette
        bar = palette.bar(np.rint(np.linspace(-16, 16, room)).astype(int).tolist())
        return Strip([Segment(low, palette.dim), *bar, Segment(high + words, palette.dim)])

    def _window_text(self) -> str:
        grid, shown = self._grid, self._layout_shown
        if grid is None:
            return ""
        if isinstance(shown, Tiles):
            first, last = grid.columns[0] // shown.picture[1], (grid.end[1] - 1) // shown.picture[1]
            return f"  {self.view.symbol}[:,{first}] … [:,{last}] of {shown.count}"
        rows = f"  rows {grid.rows[0]}–{grid.end[0] - 1} of {shown.rows}"
        return f"{rows}, columns {grid.columns[0]}–{grid.end[1] - 1} of {shown.columns}"

    def _draw_numbers(self, height: int, width: int) -> Iterator[Strip]:
        view, columns = self.view, max(1, width // NUMBER_WIDTH)
        layout = layout_of(view.array.shape, None, columns)
        self._layout_shown, matrix = layout, layout.matrix(view.array)
        partly = layout.rows > height or layout.columns > columns
        rows = max(1, height - 1) if partly else height
        row, column = layout.cell_of(view.cursor) if view.cursor else (None, None)
        top = window(layout.rows, rows, self._offset[0], row)
        left = window(layout.columns, columns, self._offset[1], column)
        self._offset = (top, left)
        self._grid = grid = cut(matrix, top, left, rows, columns)
        blank = layout.padding(grid.rows, grid.columns)
        for y, values in enumerate(grid.values.tolist()):
            segments = []
            for x, value in enumerate(values):
                here = (top + y, left + x) == (row, column)
                text = " " * NUMBER_WIDTH if blank[y, x] else number(value)
                segments.append(Segment(text, self._palette.cursor if here else self._base))
            yield Strip(segments)
        if partly and height > 1:
            yield Strip([Segment(self._window_text().strip(), self._palette.dim)])

    def _draw_histogram(self, height: int, width: int) -> Iterator[Strip]:
        found = histogram(self.view.array, width)
        most, rows = max(1, int(found.counts.max())), max(1, height - 2)
        eighths = np.where(found.counts > 0, np.maximum(1, found.counts * 8 * rows // most), 0)
        above = found.edges[:-1] >= 0
        styles = [self._palette.style(16 if up else -16) for up in above.tolist()]
        for line in range(rows)[::-1]:
            filled = np.clip(eighths - 8 * line, 0, 8).tolist()
            yield Strip([Segment(BARS[part], style) for part, style in zip(filled, styles, strict=True)])
        low, high = f"{found.edges[0]:.3g}", f"{found.edges[-1]:.3g}"
        zero = int(np.argmax(above)) if above.any() and not above.all() else -1
        axis = [" "] * max(len(styles), len(low) + len(high) + 1)
        axis[: len(low)], axis[-len(high) :] = low, high
        if zero > len(low) and zero < len(axis) - len(high) - 1:
            axis[zero] = "0"
        yield Strip([Segment("".join(axis).replace("-", "−"), self._base)])
        bad = f", {found.left_out} NaN or infinite" if found.left_out else ""
        if height > 2:
            yield Strip([Segment(f"the highest bar is {most:,} of {self.view.array.size:,}{bad}", self._palette.dim)])

    def element_at(self, x: int, y: int) -> Index | None:
        """The element that is drawn at a cell of the room; None where none is."""
        grid, shown = self._grid, self._layout_shown
        if grid is None:
            return None
        if self.view.mode == "numbers":
            y, x = y, x // NUMBER_WIDTH
        else:
            y *= self._palette.down
        if not (0 <= y < len(grid.rows) and 0 <= x < len(grid.columns)):
            return None
        if isinstance(shown, Tiles):
            return shown.index_of(int(grid.rows[y]), int(grid.columns[x]))
        return shown.index_of(*grid.element(y, x))


def _same(one: View, other: View) -> bool:
    """The same array object, looked at in the same way."""
    if one.array is not other.array:
        return False
    return all(getattr(one, name) == getattr(other, name) for name in View.__slots__ if name != "array")


def _wrap(size: int, height: int, width: int) -> int:
    """How many elements of a vector stand in a row, so that each is drawn as large as possible."""
    return max((8, 16, 32, 64), key=lambda wrap: (min(height // -(-size // wrap), width // min(wrap, size)), -wrap))


def _room(layout: Layout, picture: tuple[int, int] | None, height: int, width: int) -> tuple[int, int]:
    """The room for a whole tensor: a picture that is too large keeps its proportions."""
    if picture is None or (layout.rows, layout.columns) != picture:
        return height, width
    scale = min(height / layout.rows, width / layout.columns)
    if scale >= 1:
        return height, width
    return max(1, round(layout.rows * scale)), max(1, round(layout.columns * scale))


def number(value: float) -> str:
    """A number in eight columns."""
    if value != value:
        return f"{'NaN':>{NUMBER_WIDTH - 1}} "
    text = f"{value:.4f}" if 1e-3 <= abs(value) < 100 else f"{value:.1e}"
    return f"{'0' if value == 0 else text:>{NUMBER_WIDTH - 1}} "[-NUMBER_WIDTH:].replace("-", "−")
