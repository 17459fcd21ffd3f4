"""The whole chain at once: what each layer gave on the way forward, and dE/dX on the way back."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from nnstep_tui.widgets.tensor import TensorView
from nnstep_tui.widgets.tensor_picture import View


class ChainView(Vertical):
    """Two rows of small heatmaps in the order of the layers: outputs above, gradients below."""

    def __init__(self, columns: int, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._columns = columns

    def compose(self) -> ComposeResult:
        """A row for each direction."""
        for row in ("above", "below"):
            with Horizontal(classes="row"):
                for column in range(self._columns):
                    yield TensorView(id=f"{row}-{column}")

    def show(self, above: Sequence[View | None], below: Sequence[View | None]) -> None:
        """Shows the views that are known already; the others stay hidden in their places."""
        for row, views in (("above", above), ("below", below)):
            for column, view in enumerate(views):
                shown = self.query_one(f"#{row}-{column}", TensorView)
                shown.visible = view is not None
                if view:
                    shown.show(view)
