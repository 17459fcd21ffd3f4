"""The screen for stepping: one sample, one step at a time, forward and back."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Key
from textual.widgets import Static

from nnstep.arithmetic_text import as_lines
from nnstep.debugger import Debugger
from nnstep.errors import NnstepError
from nnstep.frameworks.base import FRAMEWORKS
from nnstep.health import marks
from nnstep.network import loss_text
from nnstep.rules import rule
from nnstep.shown import SINCE, Compared, Shown, kind_of_scale, shared_scales, shown
from nnstep.statistics import lines, statistics
from nnstep.stepping import Frame
from nnstep.trying import is_change
from nnstep_tui.keys import STEPPING
from nnstep_tui.screens.beside import BesideFramework
from nnstep_tui.screens.changing import Changing
from nnstep_tui.screens.checking import Checking
from nnstep_tui.screens.homework import WithHomework
from nnstep_tui.screens.keeping import Keeping
from nnstep_tui.screens.looking import SHOWN_TERMS
from nnstep_tui.screens.moving import Moving
from nnstep_tui.screens.stopping import Stopping
from nnstep_tui.screens.student import error_text
from nnstep_tui.widgets.chain import ChainView
from nnstep_tui.widgets.key_line import KeyLine
from nnstep_tui.widgets.lower import LowerPanes
from nnstep_tui.widgets.outputs import OutputBars
from nnstep_tui.widgets.position import PositionLine
from nnstep_tui.widgets.stack import StackView
from nnstep_tui.widgets.tensor import TensorView
from nnstep_tui.widgets.tensor_picture import View
from nnstep_tui.widgets.tensors import TensorPanes

WELCOME = """n steps forward, p back, ] goes to the next digit.
e puts a cursor on a number: its arithmetic. t trains.
? lists every key. Any key begins."""


class SteppingScreen(WithHomework, Moving, Stopping, Changing, BesideFramework, Keeping, Checking):
    """Shows the frame where the debugger stands; its keys move the debugger."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (150, "-huge")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall"), (54, "-high")]
    BINDINGS: ClassVar[list[BindingType]] = list(STEPPING)
    AUTO_FOCUS = ""

    def __init__(self, debugger: Debugger, welcome: bool = False) -> None:
        super().__init__(debugger)
        self._welcome = welcome
        self._waiting = False
        self._shown: Shown | None = None
        self._shown_for: tuple[Frame, str | None, bool] | None = None
        self._source_of: Frame | None = None

    def compose(self) -> ComposeResult:
        """The position above, stack and digit at the left, the tensors in the room that is left, words below."""
        yield PositionLine(id="position")
        yield Static(id="rule", markup=False)
        if self._welcome:
            yield Static(WELCOME, id="welcome", markup=False)
        with Horizontal(id="body"):
            with Vertical(id="side"):
                yield StackView(self.debugger.stack, id="stack")
                yield TensorView(id="digit")
                yield OutputBars(id="outputs")
            with Vertical(id="main"):
                yield ChainView(len(self.debugger.stack.layers) + 1, id="chain")
                yield TensorPanes(id="tensors")
                yield LowerPanes(id="lower")
        yield KeyLine()

    def on_mount(self) -> None:
        """Shows the first frame when the layout is known."""
        self.call_after_refresh(self.show)

    def on_resize(self) -> None:
        """Draws anew for the new size."""
        self.call_after_refresh(self.show)

    def on_key(self, event: Key) -> None:
        """Takes the digits of a count; any key ends the welcome."""
        if self._welcome:
            self._welcome = False
            self.query_one("#welcome").remove()
        if event.character and event.character.isdecimal() and len(self.typed) < 4:
            self.typed += event.character
            event.stop()
            self.show()

    def on_descendant_focus(self) -> None:
        """The cursor came to another pane."""
        self.show()

    def show(self) -> None:
        """Draws everything anew; where several keys wait, once after the last of them."""
        if not self._waiting:
            self._waiting = True
            self.call_later(self._draw)

    def _draw(self) -> None:
        self._waiting = False
        if not self.is_mounted or not self.query(TensorPanes) or self.app.apart.running:
            return
        known = self._work_out()
        if known is None:
            return
        debugger, frame = self.debugger, self.debugger.frame
        layer = None if frame.step.layer is None else debugger.stack.layers[frame.step.layer]
        self.query_one(PositionLine).show(debugger, self.typed)
        self.query_one("#rule", Static).update(" " + rule(frame, layer), layout=False)
        self.query_one(StackView).show(
            frame, {b.layer for b in debugger.breakpoints if b.enabled and b.layer is not None}
        )
        self._draw_digit()
        self.follow_framework()
        found = self.beside_framework(known)
        self._draw_tensors(found.compared)
        self._draw_lower(found)
        if self.query_one(ChainView).display:
            self._draw_chain()

    def _work_out(self) -> Shown | None:
        """What is shown beside the frame; None while that runs in a thread, after which everything is drawn."""
        wanted = (self.debugger.frame, self.looks.since, self.query_one(LowerPanes).shows("source"))
        if self._shown_for == wanted:
            return self._shown
        found: list[Shown] = []
        late = False

        def finish(error: NnstepError | None) -> None:
            self._shown_for = wanted
            self._shown = found[0] if found else Shown([Compared(tensor) for tensor in self.tensors()])
            if error:
                self.notify(str(error), severity="warning")
            if late:
                self.show()

        def work() -> None:
            found.append(shown(self.debugger, *wanted[1:]))

        if wanted[1:] == (None, False) and not is_change(self.debugger):
            work()  # no layer runs for this
            finish(None)
        else:
            self._apart(work, finish)
        late = self._shown_for != wanted
        return None if late else self._shown

    def _draw_digit(self) -> None:
        debugger, frame = self.debugger, self.debugger.frame
        done = frame.step.index >= len(debugger.stack.layers) - 1
        digit, outputs = self.query_one("#digit", TensorView), self.query_one(OutputBars)
        short = self.has_class("-short")
        digit.display, outputs.display = not (short and done), not short or done
        if digit.display:
            picture = debugger.samples.shape
            pixels = debugger.frames[0].input
            digit.show(View("", pixels, picture, subtitle=f"label {debugger.label}", legend=False))
            digit.border_title = f"digit {debugger.digit}"
        if outputs.display:
            outputs.show(debugger.outputs if done else None, debugger.label)

    def _draw_tensors(self, found: list[Compared]) -> None:
        panes, selected = self.query_one(TensorPanes), self.selected()
        scales = shared_scales(self.debugger.frames) if self.looks.shared else {}
        beside: list[View] = []
        chosen = found[selected]
        if panes.alone and chosen.then is not None and chosen.change is not None and panes.size.width >= 60:
            now = self._view(Compared(chosen.tensor, beyond=chosen.beyond), scales, True)
            earlier, difference = self.titles_beside(chosen.tensor.symbol)
            then = self._view(chosen, scales, True, chosen.then, earlier)
            beside = [then, self._view(chosen, scales, True, chosen.change, difference)]
            panes.show(
                [now if i == selected else self._view(c, scales, False) for i, c in enumerate(found)], selected, beside
            )
            return
        panes.show([self._view(one, scales, index == selected) for index, one in enumerate(found)], selected)

    def _view(
        self, one: Compared, scales: dict[str, float], selected: bool, array: object = None, symbol: str = ""
    ) -> View:
        looks, tensor, debugger = self.looks, one.tensor, self.debugger
        changed = one.change is not None and array is None
        shown = tensor.array if array is None else array
        if changed and one.change is not None:
            shown = one.change
        assert isinstance(shown, np.ndarray)
        cursor = self.index_in(tensor) if selected and self.query_one(TensorPanes).has_focus else None
        stats = statistics(shown)
        warnings = tuple(mark.text for mark in marks(debugger.frame, tensor.key))
        if one.beyond and looks.framework:
            warnings = (f"≠ {FRAMEWORKS[looks.framework]}", *warnings)
        return View(
            symbol or (self.title_of_change(tensor.symbol) if changed else tensor.symbol),
            shown,
            debugger.samples.shape,
            looks.mode,
            scales.get(kind_of_scale(tensor.key)),
            looks.log,
            cursor,
            looks.whole,
            warnings,
            self._changed_element(tensor.key),
            f"{stats.low:.3g} … {stats.high:.3g}".replace("-", "−") if shown.ndim else f"{float(shown):.6g}",
        )

    def _changed_element(self, key: str) -> tuple[int, ...] | None:
        edit, layer = self.debugger.branch.edit_at(self.debugger.timeline.count), self.debugger.frame.step.layer
        if edit and key == "input":
            return next((index for (changed, index) in edit.inputs if changed == layer), None)
        return None

    def _draw_lower(self, known: Shown) -> None:
        lower, debugger = self.query_one(LowerPanes), self.debugger
        chosen = known.compared[self.selected()]
        tensor = chosen.tensor
        lower.show_failure(error_text(debugger.failure) if debugger.failure and debugger.frame.failed else None)
        if self.query_one(TensorPanes).has_focus:
            arithmetic = self.arithmetic()
            room = max(1, self.query_one("#arithmetic").size.height - 4)
            said = as_lines(arithmetic, min(SHOWN_TERMS, room))
            if arithmetic.note:
                said.append(arithmetic.note)
            lower.show_arithmetic(arithmetic.name, [*self.element_beside(chosen), *said], self._where_to())
        else:
            said = [*self.framework_lines(chosen), *lines(statistics(tensor.array))]
            said += self._compared_lines(chosen, known)
            said += [f"{mark.text}: {mark.explanation}" for mark in marks(debugger.frame, tensor.key)]
            lower.show_arithmetic(tensor.symbol, said, "e: a number's arithmetic")
        if known.source is not None and self._source_of is not debugger.frame:
            self._source_of = debugger.frame
            lower.show_source(known.source)
        if lower.shows("watches"):
            lower.show_watches(self._watch_lines(), [self.line_of(breakpoint) for breakpoint in debugger.breakpoints])

    def _where_to(self) -> str:
        arithmetic = self.arithmetic()
        if arithmetic.source:
            return "Enter: where it was made"
        factors = self.factors(arithmetic)
        if not factors:
            return "nothing to follow"
        return f"Enter: {factors[self.element.chosen % len(factors)].text} (j, k choose)"

    def _compared_lines(self, chosen: Compared, known: Shown) -> list[str]:
        debugger = self.debugger
        said = [chosen.why_not] if chosen.why_not and not self.looks.framework else []
        if chosen.change is not None and chosen.change.size and not chosen.said:
            said.append(
                f"changed by at most {np.abs(chosen.change).max():.4g} since {SINCE[self.looks.since or 'step']}"
            )
        if known.unchanged is not None:
            losses = ["none" if loss is None else loss_text(loss) for loss in (known.unchanged[0], debugger.loss)]
            said.append(f"changed: {debugger.branch.name}  (u undoes it)")
            said.append(f"loss before {losses[0]}, after {losses[1]}; said {known.unchanged[1]}, says {debugger.says}")
        return said

    def _watch_lines(self) -> list[tuple[str, float | None, list[float]]]:
        debugger, found = self.debugger, []
        count = debugger.timeline.count
        for watch in debugger.watches:
            values = [watch.value(moment) for moment in debugger.moments[: debugger.cursor + 1]]
            known = [value for value in values if value is not None]
            course = debugger.watches.course(watch, debugger.branch.name, count - 1)
            course = [*course, known[-1]] if known else course
            found.append((watch.text, course[-1] if course else None, course))
        return found

    def _draw_chain(self) -> None:
        debugger, frames = self.debugger, self.debugger.frames[: self.debugger.cursor + 1]
        scales = shared_scales(debugger.frames) if self.looks.shared else {}
        columns = len(debugger.stack.layers) + 1
        above: list[View | None] = [self._small("X", frames[0].input, scales.get("values"))] + [None] * (columns - 1)
        below: list[View | None] = [None] * columns
        for frame in frames:
            layer = frame.step.layer
            if frame.step.phase == "forward" and layer is not None and frame.output is not None:
                above[layer + 1] = self._small(f"Y {frame.step.name}", frame.output, scales.get("values"))
            elif frame.input_gradient is not None:
                below[self._column(frame)] = self._small(
                    "dE/dŷ" if layer is None else f"dE/dX {frame.step.name}", frame.input_gradient, scales.get("dE")
                )
        self.query_one(ChainView).show(above, below)

    def _column(self, frame: Frame) -> int:
        return len(self.debugger.stack.layers) if frame.step.layer is None else frame.step.layer

    def _small(self, symbol: str, array: np.ndarray, limit: float | None) -> View:
        return View(
            symbol, array, self.debugger.samples.shape, limit=limit, log=self.looks.log, legend=False, plain=True
        )

    @on(TensorPanes.Clicked)
    def _select(self, event: TensorPanes.Clicked) -> None:
        tensors = self.tensors()
        tensor = tensors[min(event.number, len(tensors) - 1)]
        self.key = tensor.key
        if event.index is not None and len(event.index) == tensor.array.ndim:
            self.set_focus(self.query_one(TensorPanes))
            self.put_cursor(tensor, event.index)
        self.show()

    @on(StackView.Clicked)
    def _run_to(self, event: StackView.Clicked) -> None:
        self.move(lambda: self.debugger.run_to_layer(event.layer))

    @on(OutputBars.Clicked)
    def _to_output(self, event: OutputBars.Clicked) -> None:
        layers = len(self.debugger.stack.layers)
        if self.debugger.cursor >= layers - 1:
            self.debugger.cursor = layers - 1
            self.key = "output"
            self.set_focus(self.query_one(TensorPanes))
            self.put_cursor(self.tensor(), (0, event.number))
        self.show()
