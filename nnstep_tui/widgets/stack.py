"""The stack of layers, with a pointer at the step where the debugger stands."""

from __future__ import annotations

from textual.widgets import Static

from nnstep.stack import Stack
from nnstep.stepping import Frame


class StackView(Static):
    """Lists the layers and the loss; ▶ marks the current one."""

    def __init__(self, stack: Stack, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._rows = [f"{number} {layer!r}" for number, layer in enumerate(stack.layers, 1)]
        self._rows.append(f"E {stack.loss.name}")
        self.border_title = "stack"

    def show(self, frame: Frame) -> None:
        """Points at the step of a frame."""
        layer = frame.step.layer
        current = len(self._rows) - 1 if layer is None else layer
        backward = frame.step.phase == "backward" or frame.input_gradient is not None
        self.border_subtitle = "▲ backward" if backward else "▼ forward"
        lines = [f"{'▶' if index == current else ' '} {row}" for index, row in enumerate(self._rows)]
        self.update("\n".join(lines))
