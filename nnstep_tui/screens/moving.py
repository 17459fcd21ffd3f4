"""The keys that move the debugger along the timeline."""

from __future__ import annotations

from collections.abc import Callable

from nnstep.branches import Position
from nnstep.errors import NnstepError
from nnstep.lookout import next_mistakes, previous_mistakes
from nnstep_tui.screens.ask import Ask
from nnstep_tui.screens.base import DebuggerScreen
from nnstep_tui.screens.help import HelpScreen
from nnstep_tui.widgets.stack import StackView


class Moving(DebuggerScreen):
    """Steps, passes, samples, positions."""

    def action_step(self) -> None:
        """One step forward."""
        self._repeat(self.debugger.step)

    def action_back(self) -> None:
        """One step back."""
        self._repeat(self.debugger.step_back)

    def action_finish(self) -> None:
        """To the end of the pass."""
        self._repeat(self.debugger.finish_pass)

    def action_start(self) -> None:
        """To the start of the pass."""
        self._repeat(self.debugger.start_of_pass)

    def action_next(self) -> None:
        """To the next sample."""
        self._repeat(self.debugger.next_sample)

    def action_previous(self) -> None:
        """To the previous sample."""
        self._repeat(self.debugger.previous_sample)

    def action_mistake(self) -> None:
        """To the next sample that is classified wrongly."""
        self.travel(next_mistakes(self.debugger, self.take_count()), self._say_verdict)

    def action_mistake_before(self) -> None:
        """To the last sample before that was classified wrongly."""
        self.travel(previous_mistakes(self.debugger, self.take_count()), self._say_verdict)

    def action_run_to_layer(self) -> None:
        """To a layer by its number, or this layer's next step."""
        layer = int(self.typed) - 1 if self.typed else self.debugger.frame.step.layer
        self.typed = ""
        self.move(lambda: self.debugger.run_to_layer(0 if layer is None else layer))

    def action_restart(self) -> None:
        """To the run's first sample."""
        self.move(self.debugger.restart)

    def action_go_to(self) -> None:
        """Asks for a position and goes there; a count that was typed is a sample of this epoch."""
        debugger = self.debugger
        answer, self.typed = (f"{debugger.position.epoch}.{self.typed}" if self.typed else ""), ""
        head = debugger.timeline.position_of(debugger.timeline.branch.end)
        self.app.push_screen(
            Ask(
                "Go to EPOCH.SAMPLE or EPOCH.SAMPLE.STEP, all from 1:",
                self._go_to,
                answer,
                f"here {debugger.position}.{debugger.cursor + 1}, trained up to {head}",
                self.show,
            )
        )

    def action_digit(self) -> None:
        """Asks for a digit's number and goes there."""
        answer, self.typed = self.typed, ""
        last = len(self.debugger.samples) - 1
        self.app.push_screen(Ask(f"Digit number, 0 to {last:,}:", self._go_to_digit, answer, then=self.show))

    def action_layers(self) -> None:
        """The cursor into the stack."""
        self.set_focus(self.query_one(StackView))

    def action_layer(self, move: int) -> None:
        """Another layer in the stack."""
        self.query_one(StackView).choose(move)

    def action_run_to_chosen(self) -> None:
        """To the layer that is chosen in the stack."""
        chosen = self.query_one(StackView).chosen
        self.move(lambda: self.debugger.run_to_layer(chosen))

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen())

    def _repeat(self, move: Callable[[], object]) -> None:
        times = self.take_count()

        def moves() -> None:
            for _ in range(times):
                move()

        self.move(moves)

    def _go_to(self, text: str) -> None:
        numbers = text.replace(" ", ".").split(".")
        if len(numbers) not in (2, 3) or not all(number.isdecimal() for number in numbers):
            raise NnstepError(f"expected EPOCH.SAMPLE or EPOCH.SAMPLE.STEP, such as 1.4.9, received '{text}'")
        epoch, sample, step = (*map(int, numbers), 1)[:3]
        self.debugger.go_to(Position(epoch, sample), step)

    def _go_to_digit(self, text: str) -> None:
        if not text.isdecimal():
            raise NnstepError(f"expected a whole number, received '{text}'")
        self.debugger.go_to_digit(int(text))

    def _say_verdict(self) -> None:
        if self.debugger.says == self.debugger.label:
            self.notify("No mistake found on the way.")
