"""One line that says where the debugger stands."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from nnstep.debugger import Debugger


class PositionLine(Static):
    """Epoch, sample, step, loss, label and what the network says."""

    def show(self, debugger: Debugger) -> None:
        """Describes where a debugger stands."""
        frame, visit = debugger.frame, debugger.visit
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f" epoch {visit.epoch} · sample {visit.sample:,}/{len(debugger.samples):,} · ")
        text.append(f"step {frame.step.index + 1}/{frame.count} {frame.step.phase} {_layer(debugger)}", "bold")
        if frame.step.index >= len(debugger.stack.layers) - 1:
            says = debugger.says
            verdict = ("✓", "green") if says == debugger.label else ("✗", "red")
            text.append(f" · loss {debugger.loss:.4f} · label {debugger.label}, says {says} ")
            text.append(*verdict)
        else:
            text.append(f" · label {debugger.label}")
        self.update(text)


def _layer(debugger: Debugger) -> str:
    return debugger.frame.step.name if debugger.frame.step.layer is not None else ""
