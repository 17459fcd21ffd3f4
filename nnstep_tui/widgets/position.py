"""One line that says where the debugger stands."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from nnstep.debugger import Debugger
from nnstep.network import loss_text

ARROWS = {"forward": "▶ forward", "loss": "● loss", "backward": "◀ backward"}


class PositionLine(Static):
    """Epoch, sample, step, loss, label and what the network says; the branch, and a count that was typed."""

    def show(self, debugger: Debugger, typed: str) -> None:
        """Describes where a debugger stands, with as much as there is room for."""
        frame, position = debugger.frame, debugger.position
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f" epoch {position.epoch} · sample {position.sample:,}/{len(debugger.samples):,} · ")
        text.append(f"step {frame.step.index + 1}/{frame.count} {ARROWS[frame.step.phase]} ", "bold")
        for more in self._rest(debugger):
            if text.cell_len + more.cell_len + len(typed) < max(self.size.width, 40) - 1:
                text.append_text(more)
        if typed:
            text.append(" " * max(1, self.size.width - text.cell_len - len(typed) - 1) + typed, "bold reverse")
        self.update(text, layout=False)

    @staticmethod
    def _rest(debugger: Debugger) -> list[Text]:
        frame, parts = debugger.frame, []
        if frame.failed:
            parts.append(Text("✗ raised ", "bold white on red"))
        if frame.step.layer is not None:
            parts.append(Text(f"{frame.step.name} ", "bold"))
        says = debugger.says
        if frame.step.index >= len(debugger.stack.layers) - 1 and says is not None:
            verdict = ("✓", "bold") if says == debugger.label else ("✗", "bold white on red")
            loss = debugger.loss if frame.step.index >= len(debugger.stack.layers) else None
            if loss is not None:
                parts.append(Text(f"· loss {loss_text(loss, 4)} "))
            parts.append(Text.assemble(f"· label {debugger.label}, says {says} ", verdict, " "))
        else:
            parts.append(Text(f"· label {debugger.label} "))
        if len(debugger.timeline.branches) > 1:
            parts.append(Text(f"· {debugger.branch.name} ", "italic"))
        timeline = debugger.timeline
        if not timeline.at_head:
            parts.append(Text(f"· trained to {timeline.position_of(timeline.branch.head)} "))
        return parts
