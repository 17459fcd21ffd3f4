"""A question before leaving while a contest runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Label

from nnstep_tui.screens.dialog import Dialog

if TYPE_CHECKING:
    from nnstep_tui.contest import ContestApp


class ContestLeavingScreen(Dialog[None]):
    """Stops and leaves, or stays."""

    app: ContestApp
    BINDINGS: ClassVar[list[BindingType]] = [("s,q", "leave", "stop and leave"), ("escape", "dismiss", "stay")]

    def compose(self) -> ComposeResult:
        """The two answers."""
        with Vertical(id="dialog"):
            yield Label("The contest is running.")
            yield Label("What is finished is kept; the same command goes on from there.")
            yield Label("s stops it and leaves · Esc stays", classes="hint")

    def action_leave(self) -> None:
        """Stops the contest and leaves."""
        self.dismiss()
        self.app.leave()
