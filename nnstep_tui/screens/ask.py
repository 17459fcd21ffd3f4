"""A small screen that asks for one line of text, and says what is wrong with it while it can still be mended."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label

from nnstep.errors import NnstepError
from nnstep_tui.screens.dialog import Dialog


class Ask(Dialog[None]):
    """Asks, hands the answer to `accept`, and closes when that takes it.

    Args:
        question: what is wanted.
        accept: is given the answer; an NnstepError that it raises is shown, and the answer can be mended.
        answer: what stands there at first.
        hint: what is possible, in one line.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "cancel")]

    def __init__(self, question: str, accept: Callable[[str], object], answer: str = "", hint: str = "") -> None:
        super().__init__()
        self._question, self._accept, self._answer, self._hint = question, accept, answer, hint

    def compose(self) -> ComposeResult:
        """The question, the answer, what is possible, and how to leave."""
        with Vertical(id="dialog"):
            yield Label(self._question, markup=False)
            yield Input(self._answer, select_on_focus=False)
            yield Label(self._hint, id="said", markup=False)
            yield Label("Enter takes it · Escape leaves everything as it is", classes="hint")

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        if not self.is_current:
            return
        try:
            self._accept(event.value.strip())
        except NnstepError as error:
            said = self.query_one("#said", Label)
            said.update(str(error))
            said.add_class("-wrong")
        else:
            self.dismiss()
