"""A change as a person writes it: `label = 3`, `η = 0.01`, `W[17,3] = 0.5`, `init = he`; carried out on a branch."""

from __future__ import annotations

import re

from nnstep import trying
from nnstep.debugger import Debugger
from nnstep.edits import Element
from nnstep.errors import NnstepError
from nnstep.tensors import tensor_of

EXAMPLES = "label = 3 · η = 0.01 · W[17,3] = 0.5 · b[3] = 0 · X[5] = 1 · pixel[14,7] = 1 · init = he"
KEYS = {"X": "input", "W": "before.weights", "b": "before.bias"}
RATES = ("η", "eta", "rate", "learning_rate")


def apply_change(debugger: Debugger, text: str) -> None:
    """Changes what the text says, where the debugger stands, on a branch of its own.

    Raises:
        NnstepError: it cannot be understood, or there is no such thing here.
    """
    match = re.fullmatch(r"\s*([^\s\[=]+)\s*(?:\[([\d\s,]+)\])?\s*=\s*(\S+)\s*", text)
    if not match:
        raise NnstepError(f"expected WHAT = NUMBER, received '{text}'", f"Such as {EXAMPLES}")
    what, subscript, given = match.groups()
    if what == "init":
        trying.change_init(debugger, given)
        return
    try:
        value = float(given.replace("−", "-"))
        index = tuple(int(part) for part in subscript.split(",")) if subscript else None
    except ValueError:
        raise NnstepError(f"expected a number after =, received '{given}'") from None
    if what == "label":
        if value != int(value):
            raise NnstepError(f"label expected as a whole number, received {given}")
        trying.change_label(debugger, int(value))
    elif what in RATES:
        trying.change_rate(debugger, value)
    else:
        _change_element(debugger, what, index, value)


def _change_element(debugger: Debugger, what: str, index: Element | None, value: float) -> None:
    if index is None:
        raise NnstepError(f"which element of {what}?", f"Such as {what}[3] = {value:g}")
    if what != "pixel":
        _check_and_change(debugger, KEYS.get(what, f"before.{what}"), what, index, value)
        return
    height, width = debugger.samples.shape
    if len(index) == 2 and index[0] < height and index[1] < width:
        index = (index[0] * width + index[1],)
    cursor, debugger.cursor = debugger.cursor, 0
    try:
        _check_and_change(debugger, "input", "pixel", index, value)
    finally:
        debugger.cursor = cursor


def _check_and_change(debugger: Debugger, key: str, what: str, index: Element, value: float) -> None:
    array = tensor_of(debugger.frame, key)
    if array is None or (key == "input" and debugger.frame.step.layer is None):
        raise NnstepError(f"this step has no {what} that can be changed", "Step to its layer first")
    full = (0,) * (array.ndim - len(index)) + index if array.shape[:1] == (1,) else index
    if len(full) != array.ndim or any(i >= n for i, n in zip(full, array.shape, strict=True)):
        raise NnstepError(f"{what} has shape {array.shape}: there is no element [{','.join(map(str, index))}]")
    cursor = debugger.cursor
    trying.change_element(debugger, key, full, value)
    debugger.cursor = cursor
