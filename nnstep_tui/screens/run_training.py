"""The keys that train: start, pause, one sample or epoch more, another learning rate, a score."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ClassVar

from textual import on, work
from textual.binding import BindingType
from textual.message import Message

from nnstep.branches import with_rate
from nnstep.debugger import Debugger
from nnstep.errors import NnstepError
from nnstep.flight import Flight, trainer_for
from nnstep.printed_text import plain_text
from nnstep.student_errors import StudentError
from nnstep.training import Progress, Trainer
from nnstep_tui.keys import RUN
from nnstep_tui.screens.ask import Ask
from nnstep_tui.screens.run_base import RunScreenBase
from nnstep_tui.screens.student import SOON_ENOUGH, RunningScreen, StudentErrorScreen

IDLE_SECONDS = 0.05
READY, TRAINING, PAUSED, FINISHED, STOPPED = "ready", "training", "paused", "finished", "stopped"


class RunTraining(RunScreenBase):
    """Trains in a thread, which a key can pause and stop.

    Attributes:
        flight: what is trained.
        epochs: the last epoch that it goes to.
        state: what it is doing, in a word.
        trouble: why it stopped, where something was wrong.
    """

    BINDINGS: ClassVar[list[BindingType]] = list(RUN)

    class Reported(Message):
        """Training came further."""

        def __init__(self, progress: Progress) -> None:
            super().__init__()
            self.progress = progress

    class Ended(Message):
        """The thread is over: all epochs done, stopped, or failed with an error."""

        def __init__(self, flight: Flight, error: NnstepError | None) -> None:
            super().__init__()
            self.flight, self.error = flight, error

    def __init__(self, debugger: Debugger) -> None:
        super().__init__(debugger)
        self.flight: Flight | None = None
        self.epochs = 0
        self.state, self.trouble = READY, ""
        self.last: Progress | None = None
        self._go_on, self._stop, self._over = threading.Event(), threading.Event(), threading.Event()
        self._then: Callable[[], object] | None = None

    @property
    def busy(self) -> bool:
        """A thread trains, or is paused."""
        return self.flight is not None

    def on_unmount(self) -> None:
        """Lets the thread end, whoever closed the screen."""
        self._stop.set()
        self._go_on.set()

    def start(self, looked_at: bool = False, limit: int | None = None, epochs: int | None = None) -> None:
        """Trains from the head on, unless it does so already, or the screen was left meanwhile.

        Args:
            looked_at: no breakpoint stops at the sample where the debugger stands.
            limit: so many samples at most.
            epochs: so many at most; as many as the app was told where none are given.
        """
        if self.busy or self not in self.app.screen_stack:
            return
        made: list[Trainer] = []

        def make() -> None:
            made.append(trainer_for(self.debugger, looked_at, self.app.monitor))
            if self.timeline.branch.diverged:
                raise NnstepError("This branch has diverged: it cannot be trained on", "Branch off before that: =")

        self.move(make, lambda: self._begin(made[0], limit, epochs))

    def _begin(self, trainer: Trainer, limit: int | None, epochs: int | None) -> None:
        self.flight = Flight(trainer, self.app.test, self.app.between)
        self.epochs = trainer.epoch - 1 + (epochs or self.app.epochs)
        self.state, self.trouble, self.last = TRAINING, "", None
        self._stop.clear()
        self._over.clear()
        self._go_on.set()
        self._train(self.flight, limit)
        self.show()

    def come_to_rest(self) -> None:
        """Forgets how the last training went: the run was stepped since."""
        self.state, self.trouble, self.last = READY, "", None

    def halt(self, then: Callable[[], object] | None = None) -> None:
        """Ends the training, after the samples at hand; does something when the run stands still."""
        if not self.busy:
            if then:
                then()
            return
        self._then = then or self._then
        self._stop.set()
        self._go_on.set()
        if self.debugger.stack.keeper:
            self.set_timer(SOON_ENOUGH, self._offer_to_give_up)

    def _offer_to_give_up(self) -> None:
        if self.busy and self._stop.is_set() and self.is_current:
            self.app.push_screen(RunningScreen(self._over))

    def action_pause(self) -> None:
        """Pauses, goes on, or trains further."""
        if not self.busy:
            self.start()
        elif self._go_on.is_set():
            self._go_on.clear()
            self.state = PAUSED
        else:
            self._go_on.set()
            self.state = TRAINING
        self.show()

    def action_one_sample(self) -> None:
        """Trains one sample and pauses."""
        self.halt(lambda: self.start(limit=1))

    def action_one_epoch(self) -> None:
        """One epoch more than was planned; one epoch where nothing trains."""
        if self.busy:
            self.epochs += 1
            self.show()
        else:
            self.start(epochs=1)

    def action_rate(self) -> None:
        """Asks for another learning rate."""
        settings, taken = self.timeline.branch.settings, [0.0]

        def accept(text: str) -> None:
            try:
                taken[0] = with_rate(settings, float(text.replace("−", "-"))).learning_rate
            except ValueError:
                raise NnstepError(f"expected a number, received '{text}'") from None

        question = "Learning rate from here on:"
        rate = f"{settings.learning_rate:g}"
        self.app.push_screen(Ask(question, accept, rate, then=lambda: self._change_rate(taken[0])))

    def action_rate_by(self, factor: float) -> None:
        """Halves or doubles the learning rate."""
        self.attempt(lambda: self._change_rate(self.timeline.branch.settings.learning_rate * factor))

    def action_score(self) -> None:
        """Scores the held-out digits now."""
        if self.app.test is None:
            self.notify("This data has no held-out digits.", severity="warning")
            return
        if self.flight:
            self.flight.trainer.between(self.flight.score)
            return
        made: list[Flight] = []
        self.move(
            lambda: made.append(Flight(trainer_for(self.debugger), self.app.test)), lambda: self._score_apart(made[0])
        )

    @work(thread=True, exclusive=True, exit_on_error=False, group="training")
    def _train(self, flight: Flight, limit: int | None) -> None:
        error: NnstepError | None = None
        try:
            self.timeline.engine.prepare(self.timeline.stack, self.timeline.samples)  # compiles before the clock runs
            while not self._stop.is_set():
                planned = self.epochs
                for progress in flight.run(planned, limit):
                    self.post_message(self.Reported(progress))
                    while not self._go_on.wait(IDLE_SECONDS):
                        flight.trainer.do_jobs()
                    if self._stop.is_set() or self.epochs != planned:
                        break
                else:
                    if self.epochs == planned or limit is not None:
                        break
        except NnstepError as raised:
            error = raised
        flight.wait()
        flight.close()
        self.post_message(self.Ended(flight, error))

    def _score_apart(self, flight: Flight) -> None:
        if self.debugger.stack.keeper is None:
            self._score(flight)
        else:  # students' layers are scored themselves, not copies: nothing else may run them meanwhile
            self.move(flight.score, lambda: self._scored(flight))

    @work(thread=True, exclusive=True, exit_on_error=False, group="scoring")
    def _score(self, flight: Flight) -> None:
        flight.score()
        flight.wait()
        self.app.call_from_thread(self._scored, flight)

    def _scored(self, flight: Flight) -> None:
        self.app.answers = flight.answers or self.app.answers
        flight.close()
        self.show()

    @on(Reported)
    def _take_progress(self, event: Reported) -> None:
        self.last = event.progress
        for alarm in event.progress.alarms:
            if not alarm.follows:
                self.notify(f"{alarm.sentence} A shows it.", title=f"alarm: {alarm.title}", severity="warning")
        if self.flight and self.flight.answers is not None:
            self.app.answers = self.flight.answers

    @on(Ended)
    def _take_end(self, event: Ended) -> None:
        self.app.answers = event.flight.answers or self.app.answers
        event.flight.trainer.do_jobs()  # what was asked for while the thread came to its end
        self.flight = None
        self._over.set()
        if isinstance(self.app.screen, RunningScreen):
            self.app.screen.dismiss()
        lookout, then = event.flight.trainer.lookout, self._then
        self._then = None
        if event.error:
            self.state, self.trouble = STOPPED, plain_text(event.error.message)
            self.notify(f"{event.error}. N and Enter open where it began.", severity="error", timeout=20)
            self.cursor.index = None
            if isinstance(event.error, StudentError):
                self.app.push_screen(StudentErrorScreen(event.error))
        else:
            self.state = PAUSED if self._stop.is_set() or event.flight.trainer.epoch <= self.epochs else FINISHED
        if lookout and lookout.hit is not None and then is None:
            hit = lookout.hit
            then = lambda: self.app.stop_at(hit)  # noqa: E731
        if then:
            then()
        self.show()

    def _change_rate(self, learning_rate: float) -> None:
        if self.flight:
            self.flight.trainer.change_rate(learning_rate)
            self.show()
            return
        with_rate(self.timeline.branch.settings, learning_rate)

        def change() -> None:
            trainer = trainer_for(self.debugger)
            trainer.change_rate(learning_rate)
            trainer.do_jobs()

        self.move(change)
