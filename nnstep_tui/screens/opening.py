"""A small screen while a contender is trained anew for the debugger."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Label

from nnstep.errors import NnstepError
from nnstep.samples import Dataset
from nnstep.wars.contest import Job
from nnstep.wars.rerun import STOPPED, train_anew
from nnstep.wars.standings import report_text
from nnstep_tui.screens.dialog import Dialog


@dataclass(frozen=True, eq=False, slots=True)
class Opening:
    """A run that is to be opened.

    Attributes:
        job: what is trained.
        kept: the file of its whole run, if there is one.
        path: where the run goes.
        data: where the samples are, if elsewhere than when the contest ran.
        dataset: the samples, if they are loaded.
    """

    job: Job
    kept: str | None
    path: str
    data: str | None
    dataset: Dataset | None


class OpeningScreen(Dialog[str | None]):
    """Trains in a thread; returns the file of the run, or None where it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [("enter", "enough", "open"), ("escape,q", "leave", "leave")]

    class Came(Message):
        """How far it is."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Ended(Message):
        """The thread is over."""

        def __init__(self, run: str | None, error: str = "") -> None:
            super().__init__()
            self.run, self.error = run, error

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self._opening = opening
        self._enough, self._left = threading.Event(), False
        self._ended: OpeningScreen.Ended | None = None

    def compose(self) -> ComposeResult:
        """What is trained, how far it is, and how to leave."""
        job = self._opening.job
        with Vertical(id="dialog"):
            yield Label(f"{job.name}, seed {job.seed}: trained anew, for its run was not kept", markup=False)
            yield Label("loading the digits …", id="where", markup=False)
            yield Label("Enter opens what there is of it · Esc leaves it", classes="hint")

    def on_mount(self) -> None:
        """Starts the thread."""
        self._train()

    def on_unmount(self) -> None:
        """Lets the thread end, whoever closed the screen."""
        self._enough.set()

    def action_enough(self) -> None:
        """Opens what there is."""
        self._enough.set()
        self.query_one("#where", Label).update("writing the run …")

    def action_leave(self) -> None:
        """Leaves it."""
        self._left = True
        self._enough.set()
        self.dismiss(None)

    @work(thread=True, exclusive=True, exit_on_error=False, group="opening")
    def _train(self) -> None:
        opening = self._opening
        part = f"{opening.path}.part.nnrun"

        def goes_on(report: dict[str, Any]) -> bool:
            self.post_message(self.Came(report_text(report)))
            return not self._enough.is_set()

        try:
            why = train_anew(opening.job, part, opening.data, opening.dataset, goes_on)
            if why != STOPPED:
                os.replace(part, opening.path)
            self.post_message(self.Ended(part if why == STOPPED else opening.path))
        except (NnstepError, OSError) as error:
            self.post_message(self.Ended(None, str(error)))

    @on(Came)
    def _show(self, event: Came) -> None:
        if not self._enough.is_set():
            self.query_one("#where", Label).update(event.text)

    @on(Ended)
    def _end(self, event: Ended) -> None:
        if event.error:
            self.notify(event.error, severity="error")
        self._ended = event
        if not self._left:
            self.dismiss(event.run)

    def on_screen_resume(self) -> None:
        """Another screen was on top when training ended."""
        if self._ended is not None:
            self.dismiss(self._ended.run)
