"""The keys that say how tensors are looked at, and those of the cursor on an element."""

from __future__ import annotations

import numpy as np

from nnstep.arithmetic import Arithmetic, explain
from nnstep.errors import NnstepError
from nnstep.references import REFERENCES
from nnstep.shown import SINCE
from nnstep.stepping import Frame
from nnstep.tensors import Tensor, tensor_of
from nnstep.terms import Factor, Place
from nnstep.watches import parse_watch
from nnstep_tui.screens.base import MODES, DebuggerScreen
from nnstep_tui.widgets.lower import LowerPanes
from nnstep_tui.widgets.tensors import TensorPanes

SHOWN_TERMS = 8


class Looking(DebuggerScreen):
    """Views, scales, the difference, and the cursor."""

    def action_select(self, move: int) -> None:
        """Another tensor."""
        tensors = self.tensors()
        self.key = tensors[(self.selected() + move * self.take_count()) % len(tensors)].key
        self.element.chosen = 0
        self.show()

    def action_view(self) -> None:
        """The next mode."""
        self.looks.mode = MODES[(MODES.index(self.looks.mode) + 1) % len(MODES)]
        self.show()

    def action_single(self) -> None:
        """One tensor or all."""
        panes = self.query_one(TensorPanes)
        panes.single = not panes.single
        self.show()

    def action_whole(self) -> None:
        """The whole tensor, or panned."""
        self.looks.whole = not self.looks.whole
        self.show()

    def action_log(self) -> None:
        """Linear or symmetric log."""
        self.looks.log = not self.looks.log
        self.show()

    def action_shared(self) -> None:
        """Own or shared scale."""
        self.looks.shared = not self.looks.shared
        self.show()

    def action_difference(self) -> None:
        """Changes since nothing, one step, one sample, one epoch, the student's change."""
        choices = (None, *REFERENCES)
        self.looks.framework = None
        self.looks.since = choices[(choices.index(self.looks.since) + 1) % len(choices)]
        since = self.looks.since
        self.notify(f"Change since {SINCE[since]}" if since else "Values as they are", timeout=2)
        self.show()

    def action_page(self) -> None:
        """What the pane below shows."""
        self.query_one(LowerPanes).next_page()
        self.show()

    def action_element(self) -> None:
        """The cursor onto an element of the selected tensor, or off it."""
        panes = self.query_one(TensorPanes)
        if panes.has_focus:
            self.action_leave_element()
        else:
            self.set_focus(panes)
            self.show()

    def action_leave_element(self) -> None:
        """The cursor off the element."""
        self.set_focus(None)
        self.element.trail.clear()
        self.show()

    def action_cursor(self, down: int, right: int) -> None:
        """Moves the cursor."""
        times = self.take_count()
        index = self.query_one(TensorPanes).picture.cursor_moved(down * times, right * times)
        if index is not None:
            self.put_cursor(self.tensor(), index)
        self.show()

    def action_extreme(self) -> None:
        """To the element farthest from zero."""
        tensor = self.tensor()
        self.put_cursor(tensor, farthest_from_zero(tensor))
        self.show()

    def action_choose(self, move: int) -> None:
        """Another factor of the arithmetic."""
        factors = self.factors(self.arithmetic())
        if factors:
            self.element.chosen = (self.element.chosen + move) % len(factors)
        self.show()

    def action_follow(self) -> None:
        """Where the number, or its chosen factor, comes from."""
        arithmetic = self.arithmetic()
        factors = self.factors(arithmetic)
        place = arithmetic.source or (factors[self.element.chosen % len(factors)].place if factors else None)
        if place is None:
            self.notify(arithmetic.note or "There is nothing to follow here.")
            return
        self.element.trail.append((self.debugger.timeline.count, self.place()))
        self.go_to_place(place)

    def action_return(self) -> None:
        """Back to where the cursor followed from."""
        while self.element.trail:
            count, place = self.element.trail.pop()
            if count == self.debugger.timeline.count:
                self.go_to_place(place)
                return
        self.notify("You have not followed a number here.")

    def action_watch_element(self) -> None:
        """Watches the element under the cursor."""
        self.attempt(self._watch_element)

    def place(self) -> Place:
        """Where the cursor is."""
        tensor = self.tensor()
        return Place(self.debugger.cursor, tensor.key, self.index_in(tensor))

    def arithmetic(self) -> Arithmetic:
        """The arithmetic of the element under the cursor."""
        return explain(self.debugger.frames, self.debugger.stack.layers, self.place())

    def factors(self, arithmetic: Arithmetic) -> list[Factor]:
        """The factors that can be followed: those of the terms that are shown."""
        found: dict[Place, Factor] = {}
        for term in arithmetic.terms[:SHOWN_TERMS]:
            for factor in term.factors:
                if factor.place is not None:
                    found.setdefault(factor.place, factor)
        return list(found.values())

    def index_in(self, tensor: Tensor) -> tuple[int, ...]:
        """Where the cursor is in a tensor: where it was in it before, else farthest from zero."""
        index = self.element.indices.get(self._where(self.debugger.frame, tensor.key))
        fits = index is not None and len(index) == tensor.array.ndim
        if index is not None and fits and all(i < n for i, n in zip(index, tensor.array.shape, strict=True)):
            return index
        return farthest_from_zero(tensor)

    def put_cursor(self, tensor: Tensor, index: tuple[int, ...]) -> None:
        """Puts the cursor onto an element of a tensor of the current frame."""
        self.key = tensor.key
        self.element.indices[self._where(self.debugger.frame, tensor.key)] = index
        self.element.chosen = 0

    def go_to_place(self, place: Place) -> None:
        """Goes to a step of this sample, and puts the cursor onto an element there."""
        self.debugger.cursor = place.step
        frame = self.debugger.frame
        if tensor_of(frame, place.key) is not None:
            self.key = place.key
            self.element.indices[self._where(frame, place.key)] = place.index
        self.element.chosen = 0
        self.show()

    def _watch_element(self) -> None:
        place, frame = self.place(), self.debugger.frame
        group, _, parameter = place.key.partition(".")
        if frame.step.layer is None:
            raise NnstepError("Watch loss, or an element of a layer's tensor", "w without the cursor asks for text")
        names = {"input": "X", "output": "Y", "output_gradient": "dY", "input_gradient": "dX"}
        prefix = {"gradients": "d", "update": "Δ"}.get(group, "")
        short = {"weights": "W", "bias": "b"}.get(parameter, parameter) if prefix else parameter
        index = place.index[1:] if len(place.index) == 2 and not parameter else place.index
        text = f"{frame.step.layer}.{names.get(group) or prefix + short}[{','.join(map(str, index))}]"
        watches = self.debugger.watches
        if text not in watches.texts:
            watches.add(parse_watch(text, self.debugger.stack.names, {parameter} if parameter else ()))
            self.debugger.watch_again()
        self.notify(f"Watching {text}")

    @staticmethod
    def _where(frame: Frame, key: str) -> tuple[str, str]:
        return frame.step.name, key


def farthest_from_zero(tensor: Tensor) -> tuple[int, ...]:
    """The index of the element with the largest absolute value; NaN is farther than any."""
    if not tensor.array.size:
        return (0,) * tensor.array.ndim
    flat = int(np.argmax(np.nan_to_num(np.abs(tensor.array), nan=np.inf)))
    return tuple(int(i) for i in np.unravel_index(flat, tensor.array.shape))
