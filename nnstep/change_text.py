"""A change as a person writes it: `label = 3`, `η = 0.01`, `W[17,3] = 0.5`, `init = he`; carried out on a branch."""

from __future__ import annotations

import re

from nnstep import trying
from nnstep.debugger import Debugger
from nnstep.edits import Element
from nnstep.errors import NnstepError
from nnstep.tensors import tensor_of

EXAMPLES = "label = 3 · η = 0.01 · W[17,3] = 0.5 · b[3] = 0 · X[5] = 1 · pixel[14,7] = 1 · init = he"
KEYS = {"X": "input", "W": "before.weights", "b": "before.bias", "γ": "before.gamma", "β": "before.beta"}
RATES = ("η", "eta", "rate", "learning_rate")


def apply_change(debugger: Debugger, text: str) -> None:
    """Changes what the text says, where the debugger stands, on a branch of its own.

    An element is one of the current step's, or of the layer before the dot: `2.W[17,3] = 0.5`, layers count from 0.

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
    layer, _, what = what.rpartition(".")
    key = KEYS.get(what, f"before.{what}")
    if what == "pixel":
        layer, key = "0", "input"
        height, width = debugger.samples.shape
        if len(index) == 2 and index[0] < height and index[1] < width:
            index = (index[0] * width + index[1],)
    cursor = debugger.cursor
    if layer:
        debugger.cursor = _forward_step(debugger, layer)
    try:
        _check_and_change(debugger, key, what, index, value)
    finally:
        debugger.cursor = cursor


def _forward_step(debugger: Debugger, layer: str) -> int:
    """The step in which a layer runs forward."""
    number, count = int(layer) if layer.isdecimal() else -1, len(debugger.stack.layers)
    if not 0 <= number < min(count, len(debugger.frames)):
        raise NnstepError(f"there is no layer {layer}", f"Layers count from 0 to {count - 1}, such as 0.W[17,3] = 0.5")
    return number


def _check_and_change(debugger: Debugger, key: str, what: str, index: Element, value: float) -> None:
    array = tensor_of(debugger.frame, key)
    if array is None or (key == "input" and debugger.frame.step.layer is None):
        raise NnstepError(
            f"this step has no {what} that can be changed",
            "Step to its layer, or name it: 2.W[17,3] = 0.5 (the first is 0)",
        )
    full = (0,) * (array.ndim - len(index)) + index if array.shape[:1] == (1,) else index
    if len(full) != array.ndim or any(i >= n for i, n in zip(full, array.shape, strict=True)):
        raise NnstepError(f"{what} has shape {array.shape}: there is no element [{','.join(map(str, index))}]")
    cursor = debugger.cursor
    trying.change_element(debugger, key, full, value)
    debugger.cursor = cursor
