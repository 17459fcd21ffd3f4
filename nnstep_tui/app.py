"""The app: holds the debugger, and goes between stepping and training."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from typing import Any

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.screen import Screen

from nnstep.curve import Curve
from nnstep.debugger import Debugger
from nnstep.errors import NnstepError
from nnstep.lookout import Lookout, enabled
from nnstep.samples import Dataset
from nnstep.student_code import StudentError
from nnstep.training import Trainer
from nnstep_tui.screens.stepping import SteppingScreen
from nnstep_tui.screens.student import StudentErrorScreen
from nnstep_tui.screens.training import TrainingScreen


class NnstepApp(App[int]):
    """Steps and trains a network.

    Args:
        debugger: stands where stepping begins.
        epochs: how many epochs the key for training runs.
        config: the options that the run was made with, for its file.
        welcome: show what to press first.
        data: what it is trained on; needed to reload a student's file.
    """

    CSS_PATH = "app.tcss"
    TITLE = "nnstep"

    def __init__(
        self,
        debugger: Debugger,
        epochs: int,
        config: dict[str, Any],
        welcome: bool = False,
        data: Dataset | None = None,
    ) -> None:
        super().__init__()
        self.data = data
        self.debugger, self.epochs, self.config, self.welcome = debugger, epochs, config, welcome
        self.curve = Curve()

    def on_mount(self) -> None:
        """Opens the stepping screen."""
        self.push_screen(SteppingScreen(self.debugger, self.welcome))

    def on_ready(self) -> None:
        """The first screen is there."""
        if not self.is_headless:
            spare_what_stays()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every key of the screen, so that the command palette finds it by name."""
        yield from super().get_system_commands(screen)
        for binding in screen.BINDINGS:
            if isinstance(binding, Binding) and not binding.action.startswith("app."):
                action = binding.action
                name = binding.tooltip[:1].upper() + binding.tooltip[1:]
                shown = binding.key_display or binding.key
                yield SystemCommand(
                    f"{binding.description} ({shown})", name, lambda action=action: screen.run_action(action)
                )

    def show_reloaded(self, debugger: Debugger) -> None:
        """Shows a debugger whose layers' code was reloaded."""
        before = self.screen
        self.debugger = debugger
        screen = SteppingScreen(debugger)
        if isinstance(before, SteppingScreen):
            screen.looks, screen._keys = before.looks, before._keys
        self.switch_screen(screen)

    def train(self, looked_at: bool = False) -> None:
        """Trains from the head of the run on, up to the next breakpoint.

        Args:
            looked_at: no breakpoint stops at the sample where the debugger stands.
        """
        debugger, timeline = self.debugger, self.debugger.timeline
        begun = timeline.at_head and not debugger.at_end and (looked_at or debugger.cursor > 0)
        if not self.can(debugger.start_training):
            return
        epoch, done = timeline.position.epoch, timeline.position.sample - 1
        lookout = Lookout(timeline, debugger.breakpoints, begun) if enabled(debugger.breakpoints) else None
        trainer = Trainer(
            debugger.stack, debugger.samples, timeline.engine, timeline.branch.settings, epoch, done, timeline, lookout
        )
        self.push_screen(TrainingScreen(trainer, epoch - 1 + self.epochs, self.curve))

    def can(self, action: Callable[[], object]) -> bool:
        """Does something that may not be possible; says why where it is not."""
        try:
            action()
        except StudentError as error:
            self.push_screen(StudentErrorScreen(error))
            return False
        except NnstepError as error:
            self.notify(str(error), severity="warning")
            return False
        return True

    def after_training(self, trainer: Trainer) -> None:
        """Goes back to stepping, at the sample where training stopped."""
        debugger, hit = self.debugger, trainer.lookout.hit if trainer.lookout else None
        while len(self.screen_stack) > 2 and not isinstance(self.screen, SteppingScreen):
            self.pop_screen()
        if hit is not None and not self.can(lambda at=hit: debugger.timeline.go_to(debugger.branch, at)):  # type: ignore[misc]
            hit = None
        if not self.can(debugger.enter):
            hit = None
        if hit is not None:
            for cursor, moment in enumerate(debugger.moments):
                found = debugger.breakpoints.hit(moment)
                if found:
                    debugger.cursor = cursor
                    self.notify(f"Breakpoint: {found.text}")
                    break
        if isinstance(self.screen, SteppingScreen):
            self.screen.show()


def spare_what_stays() -> None:
    """Takes all objects of now out of garbage collections: going through them takes 60 ms, in the middle of a key."""
    gc.collect()
    gc.freeze()
