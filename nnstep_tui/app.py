"""The app: holds the debugger, and goes between stepping and training."""

from __future__ import annotations

from textual.app import App

from nnstep.curve import Curve
from nnstep.debugger import Debugger
from nnstep.engines.base import Engine
from nnstep.settings import Settings
from nnstep.training import Trainer
from nnstep.workbench import Workbench
from nnstep_tui.screens.stepping import SteppingScreen
from nnstep_tui.screens.training import TrainingScreen


class NnstepApp(App[int]):
    """Steps and trains a network.

    Args:
        bench: data and network.
        settings: learning rate, batch size and order.
        engine: what trains.
        epochs: how many epochs the key for training runs.
        digit: which digit comes first, from 0.
    """

    CSS_PATH = "app.tcss"
    TITLE = "nnstep"

    def __init__(self, bench: Workbench, settings: Settings, engine: Engine, epochs: int, digit: int = 0) -> None:
        super().__init__()
        self.engine, self.settings, self.epochs = engine, settings, epochs
        self.curve = Curve()
        self.debugger = Debugger(bench.stack, bench.data.train, settings)
        if digit != self.debugger.digit:
            self.debugger.begin_at_digit(digit)

    def on_mount(self) -> None:
        """Opens the stepping screen."""
        self.push_screen(SteppingScreen(self.debugger))

    def train(self) -> None:
        """Trains from where the debugger stands."""
        debugger = self.debugger
        epoch, done = debugger.start_training()
        trainer = Trainer(debugger.stack, debugger.samples, self.engine, self.settings, epoch, done)
        self.push_screen(TrainingScreen(trainer, epoch - 1 + self.epochs, self.curve))

    def after_training(self, trainer: Trainer) -> None:
        """Goes back to stepping, at the sample where training stopped."""
        self.debugger.after_training(trainer.epoch, trainer.sample)
        self.pop_screen()
        if isinstance(self.screen, SteppingScreen):
            self.screen.show()
