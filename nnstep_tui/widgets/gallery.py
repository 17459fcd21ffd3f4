"""Small pictures side by side, such as mistakes or the weights of each unit."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.geometry import Region

from nnstep_tui.widgets.tensors import MOST, TensorPanes, Tile

LEAST_WIDTH, LEAST_HEIGHT = 16, 8


class Gallery(TensorPanes, can_focus=False, inherit_bindings=False):
    """Draws as many of its views as there is room for, each as large as fits."""

    BINDINGS: ClassVar[list[BindingType]] = []

    @property
    def alone(self) -> bool:
        """All are shown that have room."""
        return False

    @property
    def places(self) -> int:
        """How many pictures there is room for."""
        columns, rows = self._grid()
        return min(MOST, columns * rows)

    def _grid(self) -> tuple[int, int]:
        return max(1, self.size.width // LEAST_WIDTH), max(1, self.size.height // LEAST_HEIGHT)

    def _place_tiles(self, top: int) -> None:
        columns, rows = self._grid()
        while columns * rows > MOST and rows > 1:
            rows -= 1
        columns = min(columns, MOST // rows)
        width, height = self.size.width // columns, self.size.height // rows
        self.tiles = [
            Tile(slot, slot, Region(slot % columns * width, slot // columns * height, width, height))
            for slot in range(min(self._count, columns * rows))
        ]
