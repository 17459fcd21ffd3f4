"""A small screen while a long move goes on: where it is, and a key that stops it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Label

from nnstep.errors import NnstepError
from nnstep_tui.screens.dialog import Dialog


class SeekingScreen(Dialog[str]):
    """Runs a move in a thread; returns the error that ended it, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "stop", "stop")]

    class Came(Message):
        """The move came to a position."""

        def __init__(self, position: str) -> None:
            super().__init__()
            self.position = position

    class Ended(Message):
        """The thread is over."""

        def __init__(self, error: str) -> None:
            super().__init__()
            self.error = error

    def __init__(self, move: Iterator[str]) -> None:
        super().__init__()
        self._move = move
        self._stop = threading.Event()
        self._ended: str | None = None

    def compose(self) -> ComposeResult:
        """Where it is."""
        with Vertical(id="dialog"):
            yield Label("looking …", id="where")
            yield Label("Escape stops here", classes="hint")

    def on_mount(self) -> None:
        """Starts the thread."""
        self._run()

    def on_unmount(self) -> None:
        """Lets the thread end, whoever closed the screen."""
        self._stop.set()

    def action_stop(self) -> None:
        """Stops where it is."""
        self._stop.set()

    @work(thread=True, exclusive=True, exit_on_error=False, group="seeking")
    def _run(self) -> None:
        error = ""
        try:
            for position in self._move:
                self.post_message(self.Came(position))
                if self._stop.is_set():
                    break
        except NnstepError as raised:
            error = str(raised)
        self.post_message(self.Ended(error))

    @on(Came)
    def _show(self, event: Came) -> None:
        self.query_one("#where", Label).update(f"looking … {event.position}")

    @on(Ended)
    def _end(self, event: Ended) -> None:
        self._ended = event.error
        self.dismiss(event.error)

    def on_screen_resume(self) -> None:
        """Another screen was on top when the move ended."""
        if self._ended is not None:
            self.dismiss(self._ended)
