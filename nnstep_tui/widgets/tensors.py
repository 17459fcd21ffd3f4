"""All tensors of a frame: side by side where there is room, else one at a time with tabs."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Grid
from textual.widgets import Static

from nnstep.rules import shown_tensors
from nnstep.stepping import Frame
from nnstep_tui.widgets.tensor import TensorView

MOST = 10


class TensorPanes(Container):
    """Draws the tensors of the frame that it is given with `show`."""

    def __init__(self, picture: tuple[int, int], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picture = picture
        self._symbols: list[str] = []
        self._frame: Frame | None = None
        self.selected = 0
        self.numbers = False
        self.single = False

    def compose(self) -> ComposeResult:
        """A line of tabs, and as many views as a frame can need."""
        yield Static(id="tabs")
        with Grid(id="views"):
            for index in range(MOST):
                yield TensorView(id=f"view-{index}")

    def show(self, frame: Frame) -> None:
        """Shows a frame's tensors."""
        self._frame = frame
        tensors = shown_tensors(frame)[:MOST]
        symbols = [symbol for symbol, _ in tensors]
        if symbols != self._symbols:
            self._symbols, self.selected = symbols, min(self.selected, len(symbols) - 1)
        self._arrange()
        for view, (symbol, array) in zip(self.query(TensorView), tensors, strict=False):
            view.show(symbol, array, self._picture, self.numbers)

    def select(self, move: int) -> None:
        """Goes to the next tensor or the one before."""
        self.selected = (self.selected + move) % max(1, len(self._symbols))
        self._arrange()

    def toggle_numbers(self) -> None:
        """Changes between heatmaps and numbers."""
        self.numbers = not self.numbers
        if self._frame:
            self.show(self._frame)

    def toggle_single(self) -> None:
        """Changes between all tensors and the selected one alone."""
        self.single = not self.single
        self._arrange()

    def on_resize(self) -> None:
        """Fits the arrangement to the new room."""
        self._arrange()

    @on(TensorView.Selected)
    def _select_view(self, event: TensorView.Selected) -> None:
        self.selected = int((event.view.id or "view-0").removeprefix("view-"))
        self._arrange()

    def _arrange(self) -> None:
        count = len(self._symbols)
        alone = self.single or self.size.width < 70 or self.size.height < 16
        for index, view in enumerate(self.query(TensorView)):
            view.display = index == self.selected if alone else index < count
            view.set_class(index == self.selected, "-selected")
        columns = 1 if alone else 2 if count in (2, 4) else 3
        rows = -(-count // columns) if not alone else 1
        grid = self.query_one(Grid)
        grid.styles.grid_size_columns = columns
        grid.styles.grid_size_rows = max(1, rows)
        tabs = self.query_one("#tabs", Static)
        tabs.display = alone
        first = max(0, self.selected - 3)
        names = [f"[reverse] {s} [/]" if i == self.selected else f" {s} " for i, s in enumerate(self._symbols)]
        tabs.update(("…" if first else "") + "".join(names[first:]))
