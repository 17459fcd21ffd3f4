"""The app: holds the debugger, and goes between stepping and the whole run."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from threadpoolctl import threadpool_limits

from nnstep.autosave import Autosave
from nnstep.branches import STEPS, Branch
from nnstep.debugger import Debugger
from nnstep.flight import monitor_for
from nnstep.runs import notes_of
from nnstep.samples import Samples
from nnstep.scoring import Answers
from nnstep.signals import exit_code
from nnstep.student_code import give_up
from nnstep.training import Progress
from nnstep_tui.apart import Apart
from nnstep_tui.app_parts import PlainNotices, key_commands, take_signals, terminal_is_gone
from nnstep_tui.screens.leaving import LeavingScreen
from nnstep_tui.screens.run import RunScreen
from nnstep_tui.screens.stepping import SteppingScreen

SWITCH_SECONDS = 0.0005
"""How long Python leaves a thread running while another waits: the one that trains waits for the screen less often."""
RUN_SCREEN = "run"


class NnstepApp(PlainNotices[int]):
    """Steps and trains a network.

    Args:
        debugger: stands where stepping begins.
        epochs: how many epochs the key for training runs.
        config: the options that the run was made with, for its file.
        welcome: show what to press first.
        test: held-out digits to score the network on.
        autosave: where the run is kept while epochs are trained; None to keep it nowhere.

    Attributes:
        answers: what the network said to them when it was scored last.
        apart: runs what may call a student's code.
    """

    CSS_PATH = "app.tcss"
    TITLE = "nnstep"
    ALLOW_SELECT = False  # Textual 8.2 fails when a drag begins on a widget that is just being removed; y copies
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "interrupt", "leave", show=False, system=True)]

    class Told(Message):
        """Another thread has something to say."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(
        self,
        debugger: Debugger,
        epochs: int,
        config: dict[str, Any],
        welcome: bool = False,
        test: Samples | None = None,
        autosave: str | None = None,
    ) -> None:
        super().__init__()
        self._autosave_path = autosave
        self._autosave: Autosave | None = None
        self._leaving = self._terminal_gone = False
        self.debugger, self.epochs, self.config, self.welcome, self.test = debugger, epochs, config, welcome, test
        self.answers: Answers | None = None
        self.apart = Apart(self)
        self.monitor = monitor_for(debugger)
        self._saved = self._reached()

    def on_mount(self) -> None:
        """Opens the stepping screen."""
        sys.setswitchinterval(SWITCH_SECONDS)
        # Further threads would wait by spinning, on the cores of the training and the screen.
        threadpool_limits(1, "blas")
        self.push_screen(SteppingScreen(self.debugger, self.welcome))

    def on_ready(self) -> None:
        """The first screen is there."""
        if self.is_headless:
            return
        spare_what_stays()
        take_signals(self._take_signal)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every key of the screen, so that the command palette finds it by name."""
        yield from super().get_system_commands(screen)
        yield from key_commands(screen)

    def show_reloaded(self, debugger: Debugger) -> None:
        """Shows a debugger whose layers' code was reloaded."""
        before = self.screen
        self.debugger, self.answers = debugger, None
        self.monitor = monitor_for(debugger)
        screen = SteppingScreen(debugger)
        if isinstance(before, SteppingScreen):
            screen.looks, screen._keys = before.looks, before._keys
        self.switch_screen(screen)

    def train(self, looked_at: bool = False) -> None:
        """Trains from the head of the run on, up to the next breakpoint.

        Args:
            looked_at: no breakpoint stops at the sample where the debugger stands.
        """
        screen = self._run_screen()
        if screen in self.screen_stack:  # the key was pressed twice before it came
            return
        screen.cursor.index = None
        self.push_screen(screen)
        screen.call_after_refresh(lambda: screen.start(looked_at))

    def show_run(self) -> None:
        """Shows the whole run, its cursor at the sample where the debugger stands."""
        screen = self._run_screen()
        if screen in self.screen_stack:
            return
        screen.come_to_rest()
        screen.cursor.put(self.debugger.timeline.index())
        self.push_screen(screen)

    def to_stepping(self, move: Callable[[], object], then: Callable[[], object] | None = None) -> None:
        """Goes back to the stepping screen, and moves the debugger; see `DebuggerScreen.move`."""
        while len(self.screen_stack) > 2 and not isinstance(self.screen, SteppingScreen):
            self.pop_screen()
        if isinstance(self.screen, SteppingScreen):
            self.screen.move(move, then)

    def stop_at(self, count: int) -> None:
        """Stands on the step of a sample at which a breakpoint stopped training."""
        debugger = self.debugger

        def move() -> None:
            debugger.timeline.go_to(debugger.branch, count)
            debugger.enter()

        def then() -> None:
            for cursor, moment in enumerate(debugger.moments):
                found = debugger.breakpoints.hit(moment)
                if found:
                    debugger.cursor = cursor
                    self.notify(f"Breakpoint: {found.text}")
                    return

        self.to_stepping(move, then)

    def between(self, progress: Progress) -> None:
        """Keeps the run on disk; the thread that trains calls it after each report, with the run holding still."""
        if self._autosave_path is None:
            return
        if self._autosave is None:
            notes = partial(notes_of, self.debugger)
            self._autosave = Autosave(self._autosave_path, self.config, self._tell, notes)
        self._autosave.follow(self.debugger.timeline, progress.epoch_ended)

    def marks(self) -> list[int]:
        """Counts that are marked below the curve: those of alarms."""
        return [self.debugger.timeline.count_of(alarm.position) for alarm in list(self.debugger.alarms)]

    def saved(self) -> None:
        """The run is on disk as it is now."""
        self._saved = self._reached()

    @property
    def unsaved(self) -> bool:
        """Epochs were trained since the run was saved last."""
        trained = any(stretch.engine != STEPS for branch in self._branches() for stretch in branch.stretches)
        return trained and self._reached() != self._saved

    @property
    def kept(self) -> str | None:
        """The file that has the run which was left without saving it."""
        return self._autosave.path if self._autosave and self.unsaved and self._autosave.saved is not None else None

    async def action_quit(self) -> None:
        """Leaves; asks first where a run is not saved."""
        if self.unsaved and not isinstance(self.screen, LeavingScreen):
            self.push_screen(LeavingScreen())
        else:
            self.leave()

    def action_interrupt(self) -> None:
        """Leaves without a question; the run is kept."""
        self.leave(exit_code(signal.SIGINT))

    def leave(self, code: int = 0) -> None:
        """Ends training and leaves; a run that is not saved is kept where autosave puts it.

        The second time it does not wait for code of a student that does not come back.
        """

        def end() -> None:
            if self._autosave and self.unsaved:
                self._autosave.close(self.debugger.timeline)
            elif self._autosave:
                self._autosave.discard()
            give_up()  # leaving waits for threads that run
            if self._terminal_gone:
                os._exit(code)  # what is written to a closed terminal never arrives, and leaving would wait for it
            self.exit(code)

        training = [screen for screen in self.screen_stack if isinstance(screen, RunScreen) and screen.busy]
        if self._leaving or not training:
            end()
            return
        self._leaving = True
        training[0].halt(end)

    def _take_signal(self, number: int) -> None:
        self._terminal_gone = terminal_is_gone()
        self.leave(exit_code(number))

    def _tell(self, text: str) -> None:
        self.post_message(self.Told(text))

    @on(Told)
    def _notify(self, event: Told) -> None:
        self.notify(event.text, severity="warning")

    def _run_screen(self) -> RunScreen:
        """The run screen, which is kept: making its widgets anew takes longer than showing them."""
        known = self._installed_screens.get(RUN_SCREEN)
        if isinstance(known, RunScreen):
            if known.debugger is self.debugger:
                return known
            self.uninstall_screen(known)
            known.remove()
        screen = RunScreen(self.debugger)
        self.install_screen(screen, RUN_SCREEN)
        return screen

    def _reached(self) -> list[tuple[str, int]]:
        return [(branch.name, branch.head) for branch in self._branches()]

    def _branches(self) -> list[Branch]:
        return list(self.debugger.timeline.branches.values())


def spare_what_stays() -> None:
    """Takes all objects of now out of garbage collections: going through them takes 60 ms, in the middle of a key."""
    gc.collect()
    gc.freeze()
