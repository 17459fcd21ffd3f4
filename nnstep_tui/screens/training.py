"""The screen for training: epochs run in the background while the curve of the error grows."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Static
from textual_plot import HiResMode, PlotWidget

from nnstep.commands import clock
from nnstep.curve import Curve
from nnstep.errors import NnstepError
from nnstep.student_code import StudentError
from nnstep.training import Progress, Trainer
from nnstep_tui.screens.student import StudentErrorScreen

if TYPE_CHECKING:
    from nnstep_tui.app import NnstepApp

REDRAW_SECONDS = 0.25


class TrainingScreen(Screen[None]):
    """Runs a trainer in a thread, and shows what it reports."""

    app: NnstepApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "pause / go on", tooltip="pause, or go on"),
        Binding("escape,x", "stop", "stop and step", key_display="x", tooltip="stop, and step from where it stands"),
        Binding("question_mark", "help", "help", key_display="?", tooltip="this help"),
        Binding("q", "app.quit", "quit", tooltip="leave nnstep"),
    ]

    class Reported(Message):
        """The trainer came further."""

        def __init__(self, progress: Progress) -> None:
            super().__init__()
            self.progress = progress

    class Ended(Message):
        """The thread is over: all epochs done, stopped, or failed with an error."""

        def __init__(self, error: NnstepError | None) -> None:
            super().__init__()
            self.error = error

    def __init__(self, trainer: Trainer, epochs: int, curve: Curve) -> None:
        super().__init__()
        self.trainer, self.epochs, self.curve = trainer, epochs, curve
        self._go_on, self._stop = threading.Event(), threading.Event()
        self._go_on.set()
        self._last: Progress | None = None
        self._drawn = 0.0
        self._state = "training"
        self._leaving = False

    def compose(self) -> ComposeResult:
        """The numbers above, the curve below."""
        yield Static(id="progress", markup=False)
        plot = PlotWidget(id="curve", allow_pan_and_zoom=False)
        plot.can_focus = False
        yield plot
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Starts the thread."""
        plot = self.query_one(PlotWidget)
        plot.set_xlabel("samples trained")
        plot.set_ylabel("error")
        self._describe()
        self._train()

    def on_unmount(self) -> None:
        """Lets the thread end, whoever closed the screen."""
        self.halt()

    def halt(self) -> None:
        """Asks the thread to end after the samples at hand; a paused one too."""
        self._stop.set()
        self._go_on.set()

    @work(thread=True, exclusive=True, exit_on_error=False, group="training")
    def _train(self) -> None:
        error: NnstepError | None = None
        try:
            for progress in self.trainer.run(self.epochs):
                self.curve.add(progress.losses)
                self.post_message(self.Reported(progress))
                self._go_on.wait()
                if self._stop.is_set():
                    break
        except NnstepError as raised:
            error = raised
        self.post_message(self.Ended(error))

    @on(Reported)
    def _show_progress(self, event: Reported) -> None:
        self._last = event.progress
        self._describe()
        if time.monotonic() - self._drawn > REDRAW_SECONDS:
            self._draw()

    @on(Ended)
    def _end(self, event: Ended) -> None:
        if event.error:
            self._state = f"stopped: {event.error.message}. {event.error.hint}"
            if isinstance(event.error, StudentError):
                self.app.push_screen(StudentErrorScreen(event.error))
        elif not self._stop.is_set():
            self._state = "finished: x goes back to stepping"
        self._describe()
        self._draw()
        if self.trainer.lookout and self.trainer.lookout.hit is not None:
            self._leaving = True
        if self._leaving:
            self.app.after_training(self.trainer)
        self._leaving = True

    def action_pause(self) -> None:
        """Pauses or goes on."""
        if self._state not in ("training", "paused"):
            return
        if self._go_on.is_set():
            self._go_on.clear()
            self._state = "paused"
        else:
            self._go_on.set()
            self._state = "training"
        self._describe()
        self._draw()

    def action_stop(self) -> None:
        """Back to stepping, as soon as the samples at hand are done."""
        self.halt()
        if self._leaving:
            self.app.after_training(self.trainer)
        self._leaving = True

    def action_help(self) -> None:
        """All keys."""
        from nnstep_tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    def _describe(self) -> None:
        progress, engine = self._last, self.trainer.engine.name
        lines = [f" {self._state} · η {self.trainer.settings.learning_rate:g} · engine {engine}"]
        if not progress and engine == "numba" and self._state == "training":
            lines.append(" starting; the first time ever the engine is compiled, which takes some seconds")
        if self.trainer.lookout:
            slow = ", looking at each sample's steps" if self.trainer.lookout.looks_at_frames else ""
            lines[0] += f" · stops at breakpoints{slow}"
        if progress:
            lines.append(
                f" epoch {progress.epoch}/{progress.epochs} · sample {progress.sample:,}/{progress.samples:,}"
                f" · error {progress.error:.6f}"
            )
            left = "" if self._state.startswith("finished") else f" · {clock(progress.seconds_left)} left"
            lines.append(f" {progress.rate:,.0f} samples/s{left}")
        self.query_one("#progress", Static).update("\n".join(lines))

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        x, y = self.curve.points()
        shown = [(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(b)]
        if len(shown) < 2:
            return
        plot = self.query_one(PlotWidget)
        plot.clear()
        plot.plot(
            [a for a, _ in shown],
            [b for _, b in shown],
            line_style=self.app.theme_variables.get("accent", "white"),
            hires_mode=HiResMode.BRAILLE,
        )
        plot.set_xlimits(0, shown[-1][0])
        plot.set_ylimits(0, max(b for _, b in shown) * 1.05 or 1)
