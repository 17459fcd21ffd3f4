"""What a student's code did: the screens for an error with its traceback, for what it printed, and while it runs."""

from __future__ import annotations

import threading
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from nnstep.errors import NnstepError
from nnstep.printed_text import plain_text
from nnstep.student_code import give_up, running
from nnstep.student_errors import StudentError

SOON = 0.1
SOON_ENOUGH = 0.5


class StudentErrorScreen(ModalScreen[None]):
    """Shows an error of the student's code with its own traceback; the app goes on behind it."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,enter,q", "dismiss", "close")]

    def __init__(self, error: NnstepError, after: str = "") -> None:
        super().__init__()
        self._error, self._after = error, after

    def compose(self) -> ComposeResult:
        """The message, the traceback, what was printed before, and what to do."""
        with VerticalScroll(id="dialog"):
            yield Static(error_text(self._error, self._after), id="said")
        yield Label("Escape closes this", classes="hint")


class PrintsScreen(ModalScreen[None]):
    """Shows what the student's code printed, and what was noticed about it."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,enter,q", "dismiss", "close")]

    def __init__(self, printed: str, notes: list[str]) -> None:
        super().__init__()
        self._printed, self._notes = printed, notes

    def compose(self) -> ComposeResult:
        """The notes, then the prints, the last ones in sight."""
        with VerticalScroll(id="dialog"):
            text = Text()
            for note in self._notes:
                text.append(f"{note}\n", "bold")
            text.append(plain_text(self._printed) or "Your code has printed nothing.")
            yield Static(text, id="said")
        yield Label("Escape closes this", classes="hint")

    def on_mount(self) -> None:
        """Scrolls to the end."""
        self.query_one("#dialog").scroll_end(animate=False)


class RunningScreen(ModalScreen[None]):
    """Waits for a thread that runs the student's code; Escape gives the call up.

    Args:
        done: is set when the thread is over.
        stop: for what can stop between two calls: Escape sets it, and gives the call up where that does not help soon.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape,x", "give_up", "give up")]

    def __init__(self, done: threading.Event, stop: threading.Event | None = None) -> None:
        super().__init__()
        self._done, self._stop = done, stop

    def compose(self) -> ComposeResult:
        """What is waited for."""
        with Vertical(id="dialog"):
            yield Label("your code is running …", id="where", markup=False)
            yield Label("Escape gives it up" if self._stop is None else "Escape stops here", classes="hint")

    def on_mount(self) -> None:
        """Looks often whether it is over."""
        self.set_interval(SOON, self._look)

    def action_give_up(self) -> None:
        """Ends the call."""
        if self._stop is None or self._stop.is_set():
            give_up()
            return
        self._stop.set()
        self.set_timer(SOON_ENOUGH, give_up)

    def _look(self) -> None:
        if self._done.is_set():
            if self.is_current:
                self.dismiss()
            return
        what, seconds = running()
        if what:
            self.query_one("#where", Label).update(f"{what} is running … {seconds:.0f} s")


def error_text(error: NnstepError, after: str = "") -> Text:
    """An error as it is shown: what happened, the traceback with the line, what was printed before, the hint."""
    text = Text()
    text.append(f"{plain_text(error.message)}\n", "bold")
    if isinstance(error, StudentError):
        if error.traceback:
            text.append(f"\n{plain_text(error.traceback)}\n")
        if error.printed.strip():
            text.append("\nprinted before that:\n", "bold")
            text.append(f"{plain_text(error.printed).rstrip()}\n", "dim")
    for line in (error.hint, after):
        if line:
            text.append(f"\n{line}\n")
    return text
