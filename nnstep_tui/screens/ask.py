"""A small screen that asks for one line of text, and says what is wrong with it while it can still be mended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label

from nnstep.errors import NnstepError
from nnstep.student_errors import StudentError
from nnstep_tui.screens.dialog import Dialog
from nnstep_tui.screens.student import StudentErrorScreen

if TYPE_CHECKING:
    from nnstep_tui.app import NnstepApp


class Ask(Dialog[None]):
    """Asks, hands the answer to `accept`, and closes when that takes it.

    Args:
        question: what is wanted.
        accept: is given the answer; an NnstepError that it raises is shown, and the answer can be mended.
        answer: what stands there at first.
        hint: what is possible, in one line.
        then: what to do when the answer was taken. With it, `accept` may run a student's layers and touches no widget.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "cancel")]

    app: NnstepApp

    def __init__(
        self,
        question: str,
        accept: Callable[[str], object],
        answer: str = "",
        hint: str = "",
        then: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self._then = then
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
        answer = event.value.strip()
        if self._then:
            self.app.apart.run(self.app.debugger.stack, lambda: self._accept(answer), self._finish)
            return
        try:
            self._accept(answer)
        except NnstepError as error:
            self._finish(error)
        else:
            self._finish(None)

    def _finish(self, error: NnstepError | None) -> None:
        if error is not None and not isinstance(error, StudentError):
            said = self.query_one("#said", Label)
            said.update(str(error))
            said.add_class("-wrong")
            return
        self.dismiss()
        if error is not None:
            self.app.push_screen(StudentErrorScreen(error))
        elif self._then:
            self._then()
