"""The confusion matrix: how many digits of each label were said to be of each class, with a cursor on a cell."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.text import Text
from textual.binding import BindingType
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from nnstep_tui.keys import CELLS

WIDTH = 5


class ConfusionView(Static, can_focus=True):
    """Draws a matrix (labels, classes); the diagonal is what was right."""

    BINDINGS: ClassVar[list[BindingType]] = list(CELLS)

    class Chosen(Message):
        """A cell was entered."""

        def __init__(self, label: int, said: int) -> None:
            super().__init__()
            self.label, self.said = label, said

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self.border_title = "confusion matrix"
        self._matrix: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self.cell = (0, 0)

    def show(self, matrix: NDArray[np.int64] | None, title: str) -> None:
        """Shows a matrix, or that there is none yet."""
        self.border_subtitle = title
        if matrix is None:
            self.update(Text("Held-out digits are scored after each epoch;\nc scores now.", style="dim"), layout=False)
            return
        self._matrix = matrix
        self._draw_matrix()

    def move(self, down: int, right: int) -> None:
        """Moves the cursor."""
        rows, columns = self._matrix.shape
        if rows:
            self.cell = ((self.cell[0] + down) % rows, (self.cell[1] + right) % columns)
            self._draw_matrix()

    def on_focus(self) -> None:
        """Shows the cursor."""
        self._draw_matrix()

    def on_blur(self) -> None:
        """Hides the cursor."""
        self._draw_matrix()

    def on_click(self, event: Click) -> None:
        """Enters the cell under the mouse."""
        place = event.get_content_offset(self)
        if place is None:
            return
        label, said = place.y - 1, place.x // WIDTH - 1
        if 0 <= label < self._matrix.shape[0] and 0 <= said < self._matrix.shape[1]:
            self.cell = (label, said)
            self._draw_matrix()
            self.post_message(self.Chosen(label, said))

    def _draw_matrix(self) -> None:
        matrix = self._matrix
        if not matrix.size:
            return
        wrong = matrix.copy()
        np.fill_diagonal(wrong, 0)
        most = max(1, int(wrong.max()))
        text = Text(no_wrap=True)
        text.append("said ".rjust(WIDTH) + "".join(f"{said:{WIDTH}}" for said in range(matrix.shape[1])) + "\n", "dim")
        for label, row in enumerate(matrix.tolist()):
            text.append(f"{label:{WIDTH - 1}} ", "dim")
            for said, count in enumerate(row):
                style = "dim" if count == 0 else "" if label == said else "yellow"
                if label != said and count > most / 2:
                    style = "bold red"
                if self.has_focus and (label, said) == self.cell:
                    style = "reverse"
                text.append(f"{count:{WIDTH}}", style)
            text.append("\n")
        text.rstrip()
        self.update(text, layout=False)
