"""One tensor: as a heatmap, as numbers, as a histogram or as pictures of its columns, with a cursor on an element."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from nnstep.histogram import histogram
from nnstep.layers import Array
from nnstep.pictures import Grid, Index, Layout, Tiles, cut, fit, largest, layout_of, levels, moved, tiles_of, window
from nnstep_tui.widgets.palette import CHANGED, CURSOR, Palette, palette_of

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


class TensorView(Widget):
    """Draws the view that it is given with `show`."""

    DEFAULT_CSS = """
    TensorView { border: round $surface-lighten-2; border-title-color: $text; border-subtitle-color: $text-muted; }
    TensorView.-selected { border: round $accent; border-title-color: $accent; }
    TensorView.-marked { border-subtitle-color: $text-warning; }
    """

    class Selected(Message):
        """The view was clicked."""

        def __init__(self, view: TensorView) -> None:
            super().__init__()
            self.view = view

    class ElementClicked(Selected):
        """An element was clicked."""

        def __init__(self, view: TensorView, index: Index) -> None:
            super().__init__(view)
            self.index = index

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._view = View("", np.zeros((0, 0)))
        self._lines: list[Strip] = []
        self._layout_shown: Layout | Tiles = layout_of((0,))
        self._grid: Grid | None = None
        self._offset = (0, 0)
        self._base = Style()
        self._blank = Strip([])
        self._palette = palette_of("dark", self._base)

    def show(self, view: View) -> None:
        """Shows a tensor."""
        if _same(view, self._view):
            return
        if view.array.shape != self._view.array.shape:
            self._offset = (0, 0)
        self._view = view
        shape = ", ".join(map(str, view.array.shape))
        self.border_title = f"{view.symbol} ({shape})" if view.symbol else ""
        self.border_subtitle = "  ".join((*view.marks, view.subtitle))
        self.set_class(bool(view.marks), "-marked")
        self._lines = []
        self.refresh()

    def cursor_moved(self, down: int, right: int) -> Index | None:
        """The element that is so many rows and columns from the cursor, as they are drawn; None without a cursor."""
        if self._view.cursor is None:
            return None
        if not self._lines:
            self._draw()
        return moved(self._layout_shown, self._view.cursor, down, right)

    def notify_style_update(self) -> None:
        """Draws anew, since the theme may have changed."""
        super().notify_style_update()
        self._lines = []

    def on_resize(self) -> None:
        """Draws anew for the new room."""
        self._lines = []

    def on_click(self, event: Click) -> None:
        """Tells that it was chosen, and which element is under the mouse."""
        event.stop()
        place = event.get_content_offset(self)
        index = self._element_at(place.x, place.y) if place else None
        if index is None:
            self.post_message(self.Selected(self))
        else:
            self.post_message(self.ElementClicked(self, index))

    def render_line(self, y: int) -> Strip:
        """One line of the picture."""
        if not self._lines:
            self._draw()
        return self._lines[y] if y < len(self._lines) else self._blank

    def _find_palette(self) -> Palette:
        theme = self.app.current_theme
        if self.app.no_color:
            kind = "plain"
        elif "ansi" in theme.name:
            kind = "ansi" if theme.dark else "ansi-light"
        else:
            kind = "dark" if theme.dark else "light"
        return palette_of(kind, self._base)

    def _draw(self) -> None:
        height, width, view = self.size.height, self.size.width, self._view
        self._grid = None
        self._base = self.rich_style
        self._palette = self._find_palette()
        self._blank = Strip.blank(width, self._base)
        if height < 1 or width < 1 or not view.array.size:
            self._lines = [Strip.blank(max(width, 0), self.rich_style)]
        elif view.mode == "numbers":
            self._lines = list(self._draw_numbers(height, width))
        elif view.mode == "histogram" and view.array.size > 1:
            self._lines = list(self._draw_histogram(height, width))
        else:
            self._lines = list(self._draw_heatmap(height, width))
        self._lines = [line.adjust_cell_length(width, self._base) for line in self._lines]

    def _draw_heatmap(self, height: int, width: int) -> Iterator[Strip]:
        view = self._view
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
        view = self._view
        tiles = tiles_of(view.array.shape, view.picture) if view.mode == "pictures" else None
        if tiles:
            grid, blank = self._tiles(tiles, height, width), None
        else:
            layout = layout_of(view.array.shape, view.picture, _wrap(view.array.size, height, width))
            matrix, self._layout_shown = layout.matrix(view.array), layout
            if view.whole:
                grid = fit(matrix, *_room(layout, view.picture, height, width))
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
        view = self._view
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
        words = (" log" if self._view.log else "") + (" shared" if self._view.limit is not None else "")
        words += self._window_text() if not self._view.whole or self._view.mode == "pictures" else ""
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
            return f"  {self._view.symbol}[:,{first}] … [:,{last}] of {shown.count}"
        rows = f"  rows {grid.rows[0]}–{grid.end[0] - 1} of {shown.rows}"
        return f"{rows}, columns {grid.columns[0]}–{grid.end[1] - 1} of {shown.columns}"

    def _draw_numbers(self, height: int, width: int) -> Iterator[Strip]:
        view, columns = self._view, max(1, width // NUMBER_WIDTH)
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
        found = histogram(self._view.array, width)
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
            yield Strip([Segment(f"the highest bar is {most:,} of {self._view.array.size:,}{bad}", self._palette.dim)])

    def _element_at(self, x: int, y: int) -> Index | None:
        grid, shown = self._grid, self._layout_shown
        if grid is None:
            return None
        if self._view.mode == "numbers":
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
