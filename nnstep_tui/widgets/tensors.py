"""All tensors of a frame: side by side where there is room, else one at a time with tabs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Grid
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from nnstep_tui.keys import ELEMENT
from nnstep_tui.widgets.tensor import TensorView, View

MOST = 12


class Tabs(Static):
    """A line with the symbols of all tensors; a click chooses one."""

    class Clicked(Message):
        """A symbol was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[Sequence[str], int] = ((), 0)
        self._ends: list[int] = []
        self._first = 0

    def show(self, symbols: Sequence[str], selected: int) -> None:
        """Shows the symbols, the selected one reversed, from one on that leaves it in the room."""
        self._shown, first = (symbols, selected), 0
        while (
            sum(len(symbol) + 2 for symbol in symbols[first : selected + 1]) > self.size.width - 3 and first < selected
        ):
            first += 1
        text = Text("…" if first else "", no_wrap=True, overflow="ellipsis")
        self._ends, self._first = [], first
        for number, symbol in enumerate(symbols[first:], first):
            text.append(f" {symbol} ", "reverse" if number == selected else "")
            self._ends.append(text.cell_len)
        self.update(text, layout=False)

    def on_resize(self) -> None:
        """Fits the symbols to the room."""
        self.show(*self._shown)

    def on_click(self, event: Click) -> None:
        """Tells which symbol was clicked."""
        for number, end in enumerate(self._ends, self._first):
            if event.x < end:
                self.post_message(self.Clicked(number))
                return


class TensorPanes(Container, can_focus=True):
    """Draws the tensors that it is given with `show`; has the focus while a cursor is on an element."""

    BINDINGS: ClassVar[list[BindingType]] = list(ELEMENT)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._arranged: tuple[object, ...] = ()
        self._symbols: list[str] = []
        self.selected = 0
        self.single = False

    def compose(self) -> ComposeResult:
        """A line of tabs, and as many views as a frame can need."""
        yield Tabs(id="tabs")
        with Grid(id="views"):
            for index in range(MOST):
                yield TensorView(id=f"view-{index}")

    @property
    def alone(self) -> bool:
        """One tensor is shown, and tabs for the others."""
        return self.single or self.size.width < 70 or self.size.height < 16

    @property
    def view(self) -> TensorView:
        """The selected tensor's view."""
        return self.query_one(f"#view-{0 if self.alone else self.selected}", TensorView)

    def show(self, views: Sequence[View], selected: int, beside: Sequence[View] = ()) -> None:
        """Shows tensors.

        Args:
            views: all of them.
            selected: which one is marked, and shown where there is room for one.
            beside: what to compare it with, shown beside it while it is alone.
        """
        self.selected, self._symbols = selected, [view.symbol for view in views[:MOST]]
        shown = [views[selected], *beside] if self.alone else views[:MOST]
        self._arrange(len(shown))
        for slot, view in enumerate(shown):
            self.query_one(f"#view-{slot}", TensorView).show(view)

    @on(Click)
    def _take_focus(self) -> None:
        self.focus()

    def number_of(self, view: TensorView) -> int:
        """Which of the tensors a view shows."""
        return self.selected if self.alone else int((view.id or "view-0").removeprefix("view-"))

    def _arrange(self, count: int) -> None:
        alone = self.alone
        if count == 1:
            columns = 1
        elif alone:
            columns = count if self.size.width >= 90 else 1
        else:
            columns = 2 if count <= 4 else 3 if count <= 9 or self.size.width < 130 else 4
        arranged = (count, columns, self.selected, alone)
        tabs = self.query_one(Tabs)
        if alone:
            tabs.show(self._symbols, self.selected)
        if arranged == self._arranged:
            return
        self._arranged = arranged
        for index in range(MOST):
            view = self.query_one(f"#view-{index}", TensorView)
            view.display = index < count
            view.set_class(index == (0 if alone else self.selected), "-selected")
        grid = self.query_one(Grid)
        grid.styles.grid_size_columns = columns
        grid.styles.grid_size_rows = max(1, -(-count // columns))
        tabs.display = alone
