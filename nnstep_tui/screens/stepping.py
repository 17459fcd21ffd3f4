"""The screen for stepping: one sample, one step at a time, forward and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Footer, Static

from nnstep.debugger import Debugger
from nnstep.errors import NnstepError
from nnstep.rules import rule
from nnstep_tui.screens.ask import AskNumber
from nnstep_tui.screens.help import HelpScreen
from nnstep_tui.widgets.outputs import OutputBars
from nnstep_tui.widgets.position import PositionLine
from nnstep_tui.widgets.stack import StackView
from nnstep_tui.widgets.tensor import TensorView
from nnstep_tui.widgets.tensors import TensorPanes

if TYPE_CHECKING:
    from nnstep_tui.app import NnstepApp


class SteppingScreen(Screen[None]):
    """Shows the frame where the debugger stands; its keys move the debugger."""

    app: NnstepApp

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (38, "-tall")]

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n,right", "step", "step", key_display="n", tooltip="one step forward in time"),
        Binding("p,left", "back", "back", key_display="p", tooltip="one step back, past samples too"),
        Binding("f", "finish", "finish", tooltip="to the end of the forward or backward pass"),
        Binding("s", "start", "start", show=False, tooltip="back to the start of the pass"),
        Binding("right_square_bracket", "next", "next", key_display="]", tooltip="train this sample, go to the next"),
        Binding("left_square_bracket", "previous", "prev", key_display="[", tooltip="back to the sample before"),
        Binding("d", "digit", "digit", tooltip="a digit by its number, with the weights of now"),
        Binding("v", "numbers", "view", tooltip="heatmaps or numbers"),
        Binding("tab", "select(1)", "tensor", show=False, tooltip="select the next tensor", priority=True),
        Binding("shift+tab", "select(-1)", "tensor before", show=False, tooltip="select the one before", priority=True),
        Binding("z", "single", "zoom", tooltip="the selected tensor alone, or all"),
        Binding("t", "train", "train", tooltip="run epochs from here"),
        Binding("question_mark", "help", "help", key_display="?", tooltip="this help"),
        Binding("q", "app.quit", "quit", show=False, tooltip="leave nnstep"),
    ]

    def __init__(self, debugger: Debugger) -> None:
        super().__init__()
        self.debugger = debugger

    def compose(self) -> ComposeResult:
        """The position above, stack and digit at the left, the tensors in the room that is left."""
        yield PositionLine(id="position")
        yield Static(id="rule", markup=False)
        with Horizontal(id="body"):
            with Vertical(id="side"):
                yield StackView(self.debugger.stack, id="stack")
                yield TensorView(id="digit")
                yield OutputBars(id="outputs")
            yield TensorPanes(self.debugger.samples.shape, id="tensors")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Shows the first frame when the layout is known."""
        self.call_after_refresh(self.show)

    def on_resize(self) -> None:
        """Draws anew for the new size."""
        self.call_after_refresh(self.show)

    def show(self) -> None:
        """Gives each widget what it shows of the current frame."""
        debugger, frame = self.debugger, self.debugger.frame
        layer = None if frame.step.layer is None else debugger.stack.layers[frame.step.layer]
        self.query_one(PositionLine).show(debugger)
        self.query_one("#rule", Static).update(" " + rule(frame, layer))
        self.query_one(StackView).show(frame)
        digit = self.query_one("#digit", TensorView)
        digit.show(f"digit {debugger.digit}", debugger.frames[0].input, debugger.samples.shape, False)
        digit.border_title, digit.border_subtitle = f"digit {debugger.digit}", f"label {debugger.label}"
        done = frame.step.index >= len(debugger.stack.layers) - 1
        outputs = self.query_one(OutputBars)
        outputs.show(debugger.outputs if done else None, debugger.label)
        short = self.has_class("-short")
        digit.display, outputs.display = not (short and done), not short or done
        self.query_one(TensorPanes).show(frame)

    def action_step(self) -> None:
        """One step forward."""
        self.debugger.step()
        self.show()

    def action_back(self) -> None:
        """One step back."""
        if not self.debugger.step_back():
            self.notify("This is where you began: there is nothing before it.")
        self.show()

    def action_finish(self) -> None:
        """To the end of the pass."""
        self.debugger.finish_pass()
        self.show()

    def action_start(self) -> None:
        """To the start of the pass."""
        self.debugger.start_of_pass()
        self.show()

    def action_next(self) -> None:
        """To the next sample."""
        self.debugger.next_sample()
        self.show()

    def action_previous(self) -> None:
        """To the previous sample."""
        try:
            self.debugger.previous_sample()
        except NnstepError as error:
            self.notify(str(error))
        self.show()

    def action_digit(self) -> None:
        """Asks for a digit's number and goes there."""
        last = len(self.debugger.samples) - 1
        self.app.push_screen(AskNumber(f"Digit number, 0 to {last:,}:"), self._go_to_digit)

    def _go_to_digit(self, number: int | None) -> None:
        if number is None:
            return
        try:
            self.debugger.go_to_digit(number)
        except NnstepError as error:
            self.notify(str(error), severity="error")
        self.show()

    def action_numbers(self) -> None:
        """Heatmaps or numbers."""
        self.query_one(TensorPanes).toggle_numbers()

    def action_single(self) -> None:
        """One tensor or all."""
        self.query_one(TensorPanes).toggle_single()

    def action_select(self, move: int) -> None:
        """Another tensor."""
        self.query_one(TensorPanes).select(move)

    def action_train(self) -> None:
        """To the training screen."""
        self.app.train()

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen())
