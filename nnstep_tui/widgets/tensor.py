"""One tensor, as a heatmap or as numbers, with its shape and range in the border."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from rich.segment import Segment
from textual.events import Click
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from nnstep.layers import Array
from nnstep.pictures import as_matrix, fit, largest, levels
from nnstep_tui.widgets.palette import glyph, half_block

NUMBER_WIDTH = 8


class TensorView(Widget):
    """Draws the array that it is given with `show`."""

    DEFAULT_CSS = """
    TensorView { border: round $surface-lighten-2; border-title-color: $text; border-subtitle-color: $text-muted; }
    TensorView.-selected { border: round $accent; border-title-color: $accent; }
    """

    class Selected(Message):
        """The view was clicked."""

        def __init__(self, view: TensorView) -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> TensorView:
            """The view."""
            return self.view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._array: Array = np.zeros((0, 0))
        self._picture: tuple[int, int] | None = None
        self._numbers = False
        self._lines: list[Strip] = []

    def show(self, symbol: str, array: Array, picture: tuple[int, int] | None, numbers: bool) -> None:
        """Shows an array: as a picture of that shape if it has as many elements, as numbers if asked to."""
        self._array, self._picture, self._numbers = array, picture, numbers
        shape = ", ".join(map(str, array.shape))
        self.border_title = f"{symbol} ({shape})"
        self.border_subtitle = describe(array)
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
        """Tells that it was chosen."""
        event.stop()
        self.post_message(self.Selected(self))

    def render_line(self, y: int) -> Strip:
        """One line of the picture."""
        if not self._lines:
            self._lines = list(self._draw(self.size.height, self.size.width))
        if y < len(self._lines):
            return self._lines[y].adjust_cell_length(self.size.width, self.rich_style)
        return Strip.blank(self.size.width, self.rich_style)

    def _draw(self, height: int, width: int) -> list[Strip]:
        if height < 1 or width < 1 or not self._array.size:
            return [Strip.blank(width, self.rich_style)]
        matrix = as_matrix(self._array, self._picture)
        if self._numbers:
            return self._draw_numbers(height, width)
        if self.app.no_color or self.app.theme.startswith("ansi") or self.app.theme == "textual-ansi":
            shown = levels(fit(matrix, height, width), largest(self._array))
            return [Strip([Segment("".join(map(glyph, row)), self.rich_style)]) for row in shown.tolist()]
        shown = levels(fit(matrix, 2 * height, width), largest(self._array))
        rows = shown.tolist()
        if len(rows) % 2:
            rows.append([0] * len(rows[0]))
        dark = self.app.current_theme.dark
        return [self._halves(top, bottom, dark) for top, bottom in zip(rows[::2], rows[1::2], strict=True)]

    @staticmethod
    def _halves(top: list[int], bottom: list[int], dark: bool) -> Strip:
        runs = [(pair, len(list(same))) for pair, same in groupby(zip(top, bottom, strict=True))]
        return Strip([Segment("▀" * length, half_block(*pair, dark)) for pair, length in runs])

    def _draw_numbers(self, height: int, width: int) -> list[Strip]:
        columns = max(1, width // NUMBER_WIDTH)
        matrix = as_matrix(self._array, None, wrap=columns)
        lines = ["".join(map(number, row)) for row in matrix[:height, :columns].tolist()]
        if height > 1 and (matrix.shape[0] > height or matrix.shape[1] > columns):
            rows, shown = min(height - 1, len(matrix)), min(columns, matrix.shape[1])
            lines[rows:] = [f"rows 1–{rows} of {matrix.shape[0]}, columns 1–{shown} of {matrix.shape[1]}"]
        return [Strip([Segment(line, self.rich_style)]) for line in lines]


def number(value: float) -> str:
    """A number in eight columns."""
    if value != value:
        return f"{'NaN':>{NUMBER_WIDTH - 1}} "
    text = f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 100 else f"{value:.1e}"
    return f"{'0' if value == 0 else text:>{NUMBER_WIDTH - 1}} "[-NUMBER_WIDTH:]


def describe(array: Array) -> str:
    """Range, mean, and the NaNs if there are any."""
    finite = array[np.isfinite(array)]
    bad = array.size - finite.size
    warning = f"NaN or ∞: {bad}  " if bad else ""
    if not finite.size:
        return warning
    return f"{warning}{finite.min():.3g} … {finite.max():.3g}  mean {finite.mean():.2g}"
