"""A small screen that asks for a number."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label


class AskNumber(ModalScreen[int | None]):
    """Returns the number that was typed, or None after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "cancel")]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """The question, the answer, and how to leave."""
        with Vertical(id="dialog"):
            yield Label(self._question)
            yield Input(type="integer")
            yield Label("Enter goes there · Escape stays here", classes="hint")

    @on(Input.Submitted)
    def _answer(self, event: Input.Submitted) -> None:
        try:
            self.dismiss(int(event.value))
        except ValueError:
            self.notify("Type a whole number, or press Escape.", severity="warning")
