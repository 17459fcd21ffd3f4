"""The help: every key and what it does, by topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from nnstep_tui.keys import FOCUSED, RUN_TOPICS, TOPICS
from nnstep_tui.screens.dialog import Dialog

ALSO = {"n": "n →", "p": "p ←", "g": "g :"}
NAMES = {"tab": "Tab", "shift+tab": "⇧ Tab", "space": "Space", "escape": "Esc"}
NOTES = """
A number before a key repeats it: 10n. Ctrl+P finds every key by its name.
Orange is above zero, blue below, magenta not finite. Where a matrix is larger than its room, each cell shows \
the value of its block that is farthest from zero; h shows each element, and pans.
Conditions of breakpoints: nan, wrong, loss > 0.5, label == 7, |dX| < 1e-7, max |W| > 3, dead > 50%, \
mean |0.dW| > 1, W[17,3] < 0, joined by and, or, not. Layers before a dot count from 0, as in the reports.
Esc closes this help."""


class HelpScreen(Dialog[None]):
    """Lists the keys from the bindings themselves, so that it cannot be wrong.

    Args:
        run: those of the whole run come first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark", "dismiss", "close")]
    notes: ClassVar[str] = NOTES

    def __init__(self, run: bool = False) -> None:
        super().__init__()
        self._run = run

    def compose(self) -> ComposeResult:
        """One scrolling page."""
        with VerticalScroll(id="dialog"):
            yield Static(self._page())

    def topics(self) -> Mapping[str, Sequence[Binding]]:
        """The keys by topic."""
        return {**RUN_TOPICS, **TOPICS, **FOCUSED} if self._run else {**TOPICS, **RUN_TOPICS, **FOCUSED}

    def _page(self) -> Group:
        parts: list[RenderableType] = []
        for title, bindings in self.topics().items():
            keys = Table.grid()
            keys.add_column(width=10, style="bold", no_wrap=True)
            keys.add_column()
            for binding in bindings:
                shown = binding.key_display or NAMES.get(binding.key, binding.key)
                keys.add_row(f"  {ALSO.get(shown, shown)}", binding.tooltip)
            parts += [Text(title, "bold"), keys]
        return Group(*parts, Text(self.notes))
