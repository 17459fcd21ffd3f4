"""The stack of layers, with a pointer at the step where the debugger stands, and the breakpoints."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Static

from nnstep.stack import Stack
from nnstep.stepping import Frame
from nnstep_tui.keys import LAYERS


class StackView(Static, can_focus=True):
    """Lists the layers and the loss; ▶ marks the current one (✗ where it raised), ● those with a breakpoint."""

    BINDINGS: ClassVar[list[BindingType]] = list(LAYERS)

    class Clicked(Message):
        """A layer was clicked."""

        def __init__(self, layer: int) -> None:
            super().__init__()
            self.layer = layer

    def __init__(self, stack: Stack, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows = [f"{number} {layer!r}" for number, layer in enumerate(stack.layers, 1)]
        self._rows.append(f"E {stack.loss.name}")
        self._frame: Frame | None = None
        self._breaks: Collection[int] = ()
        self._first = 0
        self.chosen = 0
        self.border_title = "stack"

    def show(self, frame: Frame, breaks: Collection[int]) -> None:
        """Points at the step of a frame, and marks the layers (from 0) that have a breakpoint."""
        self._frame, self._breaks = frame, breaks
        if not self.has_focus:
            self.chosen = frame.step.layer or 0
        self._draw()

    def choose(self, move: int) -> None:
        """Moves the cursor among the layers."""
        self.chosen = (self.chosen + move) % (len(self._rows) - 1)
        self._draw()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A line for each layer, and one for the loss."""
        return len(self._rows)

    def on_resize(self) -> None:
        """Shows the part that has room now."""
        self._draw()

    def on_focus(self) -> None:
        """Shows the cursor."""
        self._draw()

    def on_blur(self) -> None:
        """Hides the cursor."""
        self._draw()

    def on_click(self, event: Click) -> None:
        """Tells which layer was clicked."""
        place = event.get_content_offset(self)
        if place and self._first + place.y < len(self._rows) - 1:
            self.post_message(self.Clicked(self._first + place.y))

    def _draw(self) -> None:
        frame = self._frame
        if frame is None:
            return
        current = len(self._rows) - 1 if frame.step.layer is None else frame.step.layer
        backward = frame.step.phase == "backward" or frame.input_gradient is not None
        self.border_subtitle = "▲ backward" if backward else "▼ forward"
        shown = self._shown_rows(self.chosen if self.has_focus else current)
        here = "bold white on red" if frame.failed else "bold"
        text = Text()
        for index in shown:
            pointer = ("✗" if frame.failed else "▲" if backward else "▶") if index == current else " "
            mark = " ●" if index in self._breaks else ""
            style = "reverse" if self.has_focus and index == self.chosen else here if index == current else ""
            text.append(f"{pointer} {self._rows[index]}{mark}", style)
            text.append("\n" if index != shown[-1] else "")
        self.update(text, layout=False)

    def _shown_rows(self, wanted: int) -> range:
        """As many rows as there is room for, one of them in the middle; arrows in the title say where more are."""
        count, room = len(self._rows), min(len(self._rows), max(1, self.size.height))
        self._first = min(max(0, wanted - room // 2), count - room)
        more = ("↑" if self._first else "") + ("↓" if self._first + room < count else "")
        self.border_title = f"stack {more}".rstrip()
        return range(self._first, self._first + room)
