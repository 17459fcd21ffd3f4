"""A small app for homework that cannot be opened yet: shows its error, and tries again whenever the file is saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from textual import work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from nnstep.errors import NnstepError
from nnstep.reloading import Watcher
from nnstep_tui.screens.student import error_text
from nnstep_tui.widgets.key_line import KeyLine

LOOK_SECONDS = 0.5
WAITING = "nnstep tries again as soon as the file is saved. q leaves."

T = TypeVar("T")


class WaitingApp(App[T], Generic[T]):
    """Waits for a file to be mended.

    Args:
        make: does what could not be done; raises an NnstepError where it still cannot be done.
        error: why it could not be done.
        files: which to look at.
    """

    TITLE = "nnstep"
    BINDINGS: ClassVar[list[BindingType]] = [("q,escape", "quit", "leave nnstep")]

    def __init__(self, make: Callable[[], T], error: NnstepError, files: list[str]) -> None:
        super().__init__()
        self._make, self._error, self._watcher = make, error, Watcher(files)

    def compose(self) -> ComposeResult:
        """The error."""
        with VerticalScroll():
            yield Static(error_text(self._error, WAITING), id="said")
        yield KeyLine()

    def on_mount(self) -> None:
        """Looks twice a second whether the file was saved."""
        self.set_interval(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        if self._watcher.changed():
            self._try_again()

    @work(thread=True, exclusive=True)
    def _try_again(self) -> None:
        """Tries in a thread: loading runs the file, which may take as long as its time limit."""
        try:
            made = self._make()
        except NnstepError as error:
            self.call_from_thread(self.query_one("#said", Static).update, error_text(error, WAITING))
        else:
            self.call_from_thread(self.exit, made)
