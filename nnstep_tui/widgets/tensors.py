"""All tensors of a frame: side by side where there is room, else one at a time with tabs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.events import Click
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from nnstep.pictures import Index
from nnstep_tui.keys import ELEMENT
from nnstep_tui.widgets.palette import Palette
from nnstep_tui.widgets.tensor import palette_for
from nnstep_tui.widgets.tensor_picture import TensorPicture, View

MOST = 12


@dataclass(frozen=True, slots=True)
class Tile:
    """Where a tensor is drawn.

    Attributes:
        number: which tensor.
        slot: which picture draws it.
        region: its place, border included.
    """

    number: int
    slot: int
    region: Region


class TensorPanes(Widget, can_focus=True):
    """Draws the tensors that it is given with `show`; has the focus while a cursor is on an element.

    It is one widget with many pictures, since a layout of many widgets takes longer than drawing them.
    """

    BINDINGS: ClassVar[list[BindingType]] = list(ELEMENT)
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "tensors--border",
        "tensors--selected",
        "tensors--title",
        "tensors--words",
        "tensors--marked",
        "tensors--tab",
    }
    DEFAULT_CSS = """
    TensorPanes {
        & > .tensors--border { color: $foreground 25%; }
        & > .tensors--selected { color: $accent; }
        & > .tensors--title { color: $text; }
        & > .tensors--words { color: $text-muted; }
        & > .tensors--marked { color: $text-warning; }
        & > .tensors--tab { text-style: reverse; }
    }
    """

    class Clicked(Message):
        """A tensor was clicked, at an element or beside it."""

        def __init__(self, number: int, index: Index | None) -> None:
            super().__init__()
            self.number, self.index = number, index

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pictures = [TensorPicture() for _ in range(MOST)]
        self._symbols: list[str] = []
        self._tab_ends: list[tuple[int, int]] = []
        self._lines: list[Strip] = []
        self._drawn: tuple[object, ...] = ()
        self._count = 0
        self.tiles: list[Tile] = []
        self.selected = 0
        self.single = False

    @property
    def alone(self) -> bool:
        """One tensor is shown, and tabs for the others."""
        return self.single or self.size.width < 70 or self.size.height < 16

    @property
    def picture(self) -> TensorPicture:
        """The selected tensor's picture."""
        return self._pictures[0 if self.alone else self.selected]

    def show(self, views: Sequence[View], selected: int, beside: Sequence[View] = ()) -> None:
        """Shows tensors.

        Args:
            views: all of them.
            selected: which one is marked, and shown where there is room for one.
            beside: what to compare it with, shown beside it while it is alone.
        """
        self.selected, self._symbols = selected, [view.symbol for view in views[:MOST]]
        shown = [views[selected], *beside] if self.alone else views[:MOST]
        self._count = len(shown)
        for picture, view in zip(self._pictures, shown, strict=False):
            picture.show(view)
        self._lines = []
        self.refresh()

    def notify_style_update(self) -> None:
        """Draws anew, since the theme may have changed."""
        super().notify_style_update()
        self._lines = []

    def on_resize(self) -> None:
        """Draws anew for the new room."""
        self._lines = []

    def on_click(self, event: Click) -> None:
        """Tells which tensor is under the mouse, and which element."""
        if self.alone and event.y == 0:
            chosen = [number for number, end in self._tab_ends if event.x < end]
            if chosen:
                self.post_message(self.Clicked(chosen[0], None))
            return
        for tile in self.tiles:
            if tile.region.contains(event.x, event.y):
                x, y = event.x - tile.region.x - 1, event.y - tile.region.y - 1
                self.post_message(self.Clicked(tile.number, self._pictures[tile.slot].element_at(x, y)))

    def render_line(self, y: int) -> Strip:
        """One line of all tensors."""
        if not self._lines:
            self._draw()
        return self._lines[y] if y < len(self._lines) else Strip.blank(self.size.width, self.rich_style)

    def _draw(self) -> None:
        palette = palette_for(self)
        self._lines = [self._tabs(palette)] if self.alone else []
        self._place_tiles(len(self._lines))
        by_row: dict[int, list[Tile]] = {}
        for tile in self.tiles:
            by_row.setdefault(tile.region.y, []).append(tile)
        for tiles in by_row.values():
            boxes = [self._box(tile, palette) for tile in tiles]
            for parts in zip(*boxes, strict=True):
                self._lines.append(Strip.join(parts).adjust_cell_length(self.size.width, palette.base))

    def _place_tiles(self, top: int) -> None:
        width, height, count = self.size.width, self.size.height - top, self._count
        if self.alone:
            columns = count if width >= 90 else 1
        else:
            columns = 1 if count == 1 else 2 if count <= 4 else 3 if width < 120 else 4
        rows = max(1, -(-count // max(1, columns)))
        self.tiles = []
        for slot in range(count):
            row, column = divmod(slot, columns)
            x, end = width * column // columns, width * (column + 1) // columns
            y, bottom = height * row // rows, height * (row + 1) // rows
            number = self.selected if self.alone else slot
            if bottom > y:  # on a tiny terminal not every row has room
                self.tiles.append(Tile(number, slot, Region(x, top + y, end - x, bottom - y)))

    def _box(self, tile: Tile, palette: Palette) -> list[Strip]:
        """A tensor's picture in its border, line by line."""
        picture, width, height = self._pictures[tile.slot], tile.region.width, tile.region.height
        if width < 4 or height < 3:
            return [Strip.blank(width, palette.base)] * height
        name = "selected" if tile.slot == (0 if self.alone else self.selected) else "border"
        border = palette.base + self._style(name)
        title = border if name == "selected" else palette.base + self._style("title")
        words = palette.base + self._style("marked" if picture.view.marks else "words")
        side = Segment("│", border)
        inside = picture.draw(height - 2, width - 2, palette)
        lines = [Strip([side, *line, side], width) for line in inside]
        top = _edge("╭─", picture.title, "╮", width, border, title, left=True)
        return [top, *lines, _edge("╰", picture.words, "─╯", width, border, words, left=False)]

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"tensors--{name}")

    def _tabs(self, palette: Palette) -> Strip:
        room, first = self.size.width - 3, 0
        symbols, selected = self._symbols, self.selected
        while first < selected and sum(len(symbol) + 2 for symbol in symbols[first : selected + 1]) > room:
            first += 1
        segments, end = [Segment("…" if first else " ", palette.base)], 1
        self._tab_ends = []
        chosen = palette.base + self._style("tab")
        for number, symbol in enumerate(symbols[first:], first):
            segments.append(Segment(f" {symbol} ", chosen if number == selected else palette.base))
            end += len(symbol) + 2
            self._tab_ends.append((number, end))
        return Strip(segments).adjust_cell_length(self.size.width, palette.base)


def _edge(begin: str, text: str, end: str, width: int, border: Style, style: Style, left: bool) -> Strip:
    """The upper border with a title at its left, or the lower one with words at its right."""
    room = width - len(begin) - len(end) - 2
    if not text or room < 1:
        return Strip([Segment(begin + "─" * (width - len(begin) - len(end)) + end, border)], width)
    text = text if len(text) <= room else text[: room - 1] + "…"
    line = "─" * (room - len(text))
    first, last = (begin, line + end) if left else (begin + line, end)
    return Strip([Segment(first, border), Segment(f" {text} ", style), Segment(last, border)], width)
