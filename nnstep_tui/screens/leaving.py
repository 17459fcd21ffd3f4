"""A question before leaving with a run that is not saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Label

from nnstep.errors import NnstepError
from nnstep.runs import notes_of, save_run
from nnstep_tui.screens.ask import Ask
from nnstep_tui.screens.dialog import Dialog

if TYPE_CHECKING:
    from nnstep_tui.app import NnstepApp


class LeavingScreen(Dialog[None]):
    """Saves and leaves, leaves, or stays."""

    app: NnstepApp
    BINDINGS: ClassVar[list[BindingType]] = [
        ("s", "save", "save and leave"),
        ("l,q", "leave", "leave without saving"),
        ("escape", "dismiss", "stay"),
    ]

    def compose(self) -> ComposeResult:
        """The three answers."""
        with Vertical(id="dialog"):
            yield Label("The run is not saved.")
            yield Label("s saves it and leaves · l leaves without · Esc stays", classes="hint")

    def action_save(self) -> None:
        """Asks for a file, saves, and leaves."""

        def save(path: str) -> None:
            if not path:
                raise NnstepError("expected the name of a file, such as run.nnrun")
            name = path if path.endswith(".nnrun") else f"{path}.nnrun"
            debugger = self.app.debugger
            save_run(name, debugger.timeline, self.app.config, notes=notes_of(debugger))
            self.app.saved()
            self.app.leave()

        self.app.push_screen(Ask("Save the whole run as", save, "run.nnrun", "A file of that name is replaced"))

    def action_leave(self) -> None:
        """Leaves without saving; autosave keeps what it has."""
        self.app.leave()
