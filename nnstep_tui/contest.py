"""The app that follows a contest: it starts and stops it, and says which run the debugger shall open."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from nnstep.signals import exit_code
from nnstep.wars.watch_command import Watched
from nnstep_tui.app_parts import PlainNotices, key_commands, take_signals, terminal_is_gone
from nnstep_tui.contest_looks import ContestLooks
from nnstep_tui.screens.contest import ContestScreen
from nnstep_tui.screens.contest_leaving import ContestLeavingScreen

PATIENCE = 20.0


class ContestApp(PlainNotices[int]):
    """Shows the leaderboard.

    Args:
        watched: the contest.
        looks: what is seen of it.
        folder: where runs are written that are trained anew.

    Attributes:
        opened: the run that the debugger shall open; None where the app was left.
    """

    CSS_PATH = "app.tcss"
    TITLE = "nnstep wars"
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "interrupt", "leave", show=False, system=True)]

    def __init__(self, watched: Watched, looks: ContestLooks, folder: Path) -> None:
        super().__init__()
        self.watched, self.looks, self.folder = watched, looks, folder
        self.opened: str | None = None
        self._leaving: int | None = None
        self._deadline = 0.0
        self._terminal_gone = False

    def on_mount(self) -> None:
        """Opens the screen."""
        self.push_screen(ContestScreen())

    def on_ready(self) -> None:
        """The screen is there."""
        if self.is_headless:
            return
        take_signals(self._take_signal)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every key of the screen, so that the command palette finds it by name."""
        yield from super().get_system_commands(screen)
        yield from key_commands(screen)

    def state(self, missing: int) -> str:
        """What the contest is doing, in words; `missing` is how many of its runs are not done."""
        process = self.watched.process
        if process is None:
            return "results"
        if process.running:
            return "stopping …" if process.stopping else "running"
        if process.failure:
            return "failed: Space tries again"
        if process.stopped:
            return "stopped: Space goes on"
        return "ended, some processes died: Space tries again" if missing else "finished"

    def pause(self, missing: int) -> None:
        """Stops the contest, or goes on with it while runs are missing."""
        process = self.watched.process
        if process is None:
            return
        if process.running:
            process.stop()
        elif missing or process.failure:
            self.looks.told, self.looks.began = "", time.monotonic()
            process.start()
        else:
            self.notify("The contest is finished")

    def look_after(self) -> None:
        """Says why a contest failed, and leaves when it has stopped for that."""
        process = self.watched.process
        if process and process.failure and process.failure != self.looks.told:
            self.looks.told = process.failure
            self.notify(process.failure, severity="error", timeout=20)
        if self._leaving is not None and (process is None or not process.running or time.monotonic() > self._deadline):
            self._end(self._leaving)

    def open_run(self, path: str | None) -> None:
        """Leaves for the debugger, if there is a run to open."""
        if path is not None:
            self.opened = path
            self.exit(0)

    async def action_quit(self) -> None:
        """Leaves; asks first while the contest runs."""
        process = self.watched.process
        if process and process.running and not isinstance(self.screen, ContestLeavingScreen):
            self.push_screen(ContestLeavingScreen())
        else:
            self.leave()

    def action_interrupt(self) -> None:
        """Stops the contest and leaves without a question."""
        self.leave(exit_code(signal.SIGINT))

    def leave(self, code: int = 0) -> None:
        """Stops the contest and leaves when it has ended."""
        process = self.watched.process
        if process and process.running:
            process.stop()
        self._leaving = code
        self._deadline = time.monotonic() + PATIENCE
        self.look_after()

    def _end(self, code: int) -> None:
        if self._terminal_gone:
            os._exit(code)  # what is written to a closed terminal never arrives, and leaving would wait for it
        self.exit(code)

    def _take_signal(self, number: int) -> None:
        self._terminal_gone = terminal_is_gone()
        self.leave(exit_code(number))
