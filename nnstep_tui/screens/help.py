"""The help: every key and what it does, on both screens."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

ALSO = {"n": "n →", "p": "p ←"}
NAMES = {"tab": "Tab", "shift+tab": "⇧ Tab", "space": "Space", "escape": "Esc"}


class HelpScreen(ModalScreen[None]):
    """Lists the keys from the screens' own bindings, so that it cannot be wrong."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark", "dismiss", "close")]

    def compose(self) -> ComposeResult:
        """One scrolling page."""
        with VerticalScroll(id="dialog"):
            yield Static(self._text())

    def _text(self) -> Text:
        from nnstep_tui.screens.stepping import SteppingScreen
        from nnstep_tui.screens.training import TrainingScreen

        text = Text()
        for title, bindings in (("Stepping", SteppingScreen.BINDINGS), ("Training", TrainingScreen.BINDINGS)):
            text.append(f"{title}\n", "bold")
            for binding in bindings:
                assert isinstance(binding, Binding)
                key = binding.key_display or NAMES.get(binding.key, binding.key)
                text.append(f"  {ALSO.get(key, key):8}", "bold")
                text.append(f"{binding.tooltip}\n")
        text.append("\nOrange is above zero, blue below, magenta not finite. Of large matrices each cell\n")
        text.append("shows the value of its block that is farthest from zero. Esc closes this help.")
        return text
