"""The keys that change one thing and take it back."""

from __future__ import annotations

import re

from nnstep import trying
from nnstep.errors import NnstepError
from nnstep.tensors import tensor_of
from nnstep_tui.screens.ask import Ask
from nnstep_tui.screens.looking import Looking
from nnstep_tui.widgets.tensors import TensorPanes

HINT = "label = 3 · η = 0.01 · X[5] = 1 · W[17,3] = 0.5 · b[3] = 0 · pixel[14,7] = 1"
KEYS = {"X": "input", "W": "before.weights", "b": "before.bias"}


class Changing(Looking):
    """Change and undo."""

    def action_change(self) -> None:
        """Asks what to change; with the cursor on an element, that element."""
        answer = ""
        if self.query_one(TensorPanes).has_focus:
            tensor, index = self.tensor(), self.index_in(self.tensor())
            symbol = {"input": "X", **{f"{g}.{n}": s for g in ("before", "after") for n, s in _parameters(self)}}.get(
                tensor.key
            )
            if symbol and self.debugger.frame.step.layer is not None:
                shown = index[1:] if tensor.key == "input" else index
                answer = f"{symbol}[{','.join(map(str, shown))}] = {tensor.array[index]:.6g}"
        self.app.push_screen(Ask("Change one thing, and see what it does:", self._change, answer, HINT))

    def action_undo(self) -> None:
        """Takes the change back."""

        def undo() -> None:
            name = trying.undo(self.debugger)
            self.looks.since = None
            self.notify(f"Undone: {name}")

        self.attempt(undo)

    def _change(self, text: str) -> None:
        match = re.fullmatch(r"\s*([^\s\[=]+)\s*(?:\[([\d\s,]+)\])?\s*=\s*(\S+)\s*", text)
        if not match:
            raise NnstepError(f"expected WHAT = NUMBER, received '{text}'")
        what, subscript, number = match.groups()
        try:
            value = float(number.replace("−", "-"))
            index = tuple(int(part) for part in subscript.split(",")) if subscript else None
        except ValueError:
            raise NnstepError(f"expected a number after =, received '{number}'") from None
        if what == "label":
            if value != int(value):
                raise NnstepError(f"label expected as a whole number, received {number}")
            trying.change_label(self.debugger, int(value))
        elif what in ("η", "eta", "rate", "learning_rate"):
            trying.change_rate(self.debugger, value)
        else:
            self._change_element(what, index, value)
        self.looks.since = "change"
        self.show()

    def _change_element(self, what: str, index: tuple[int, ...] | None, value: float) -> None:
        debugger, key = self.debugger, KEYS.get(what, f"before.{what}")
        if index is None:
            raise NnstepError(f"which element of {what}?", f"Such as {what}[3] = {value:g}")
        if what == "pixel":
            height, width = debugger.samples.shape
            if len(index) == 2 and index[0] < height and index[1] < width:
                index = (index[0] * width + index[1],)
            cursor, debugger.cursor = debugger.cursor, 0
            try:
                self._check_and_change("input", "pixel", index, value)
            finally:
                debugger.cursor = cursor
            return
        self._check_and_change(key, what, index, value)

    def _check_and_change(self, key: str, what: str, index: tuple[int, ...], value: float) -> None:
        array = tensor_of(self.debugger.frame, key)
        if array is None or (key == "input" and self.debugger.frame.step.layer is None):
            raise NnstepError(f"this step has no {what} that can be changed", "Step to its layer first")
        full = (0,) * (array.ndim - len(index)) + index if array.shape[:1] == (1,) else index
        if len(full) != array.ndim or any(i >= n for i, n in zip(full, array.shape, strict=True)):
            raise NnstepError(f"{what} has shape {array.shape}: there is no element [{','.join(map(str, index))}]")
        cursor = self.debugger.cursor
        trying.change_element(self.debugger, key, full, value)
        self.debugger.cursor = cursor


def _parameters(screen: Looking) -> list[tuple[str, str]]:
    symbols = {"weights": "W", "bias": "b"}
    return [(name, symbols.get(name, name)) for name in screen.debugger.frame.before]
