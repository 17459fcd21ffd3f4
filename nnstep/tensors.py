"""The tensors of a frame: their keys, as files name them, and their symbols, as the screen and the formulas do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nnstep.layers import Array
from nnstep.stepping import Frame

SYMBOLS = {"weights": "W", "bias": "b"}


@dataclass(frozen=True, eq=False, slots=True)
class Tensor:
    """One array of a frame.

    Attributes:
        key: `input`, `output`, `target`, `output_gradient`, `input_gradient`, or a group and a parameter's name:
            `before.weights`, `gradients.weights`, `update.weights` (after − before), `after.weights`.
        symbol: what formulas call it: `X`, `Y`, `y`, `dE/dY`, `dE/dX`, `W`, `dE/dW`, `ΔW`, `W after`.
        array: its numbers, read-only.
    """

    key: str
    symbol: str
    array: Array


@lru_cache(maxsize=8)
def tensors_of(frame: Frame) -> tuple[Tensor, ...]:
    """All tensors of a frame, those first that its step is about."""
    if frame.step.phase == "loss":
        found = [
            ("input", "ŷ", frame.input),
            ("target", "y", frame.target),
            ("output", "E", frame.output),
            ("input_gradient", "dE/dŷ", frame.input_gradient),
        ]
    elif frame.step.phase == "forward":
        found = [("input", "X", frame.input), ("output", "Y", frame.output)]
        found += [(f"before.{name}", symbol_of(name), array) for name, array in frame.before.items()]
    else:
        found = [
            ("output_gradient", "dE/dY", frame.output_gradient),
            ("input_gradient", "dE/dX", frame.input_gradient),
        ]
        for name in frame.after:
            symbol = symbol_of(name)
            found += [
                (f"gradients.{name}", f"dE/d{symbol}", frame.gradients.get(name)),
                (f"update.{name}", f"Δ{symbol}", update_of(frame, name)),
                (f"before.{name}", f"{symbol} before", frame.before[name]),
                (f"after.{name}", f"{symbol} after", frame.after[name]),
            ]
        found += [("input", "X", frame.input), ("output", "Y", frame.output)]
    return tuple(Tensor(key, symbol, array) for key, symbol, array in found if array is not None)


def tensor_of(frame: Frame, key: str) -> Array | None:
    """The array with this key, or None where the frame has none."""
    group, _, name = key.partition(".")
    if not name:
        array: Array | None = getattr(frame, group, None)
        return array
    if group == "update":
        return update_of(frame, name) if name in frame.after else None
    return getattr(frame, group, {}).get(name)


def update_of(frame: Frame, name: str) -> Array:
    """ΔW = after − before of a parameter, of its shape."""
    update: Array = frame.after[name] - frame.before[name]
    update.setflags(write=False)
    return update


def symbol_of(name: str) -> str:
    """The symbol of a parameter: W for weights, b for bias, otherwise its name."""
    return SYMBOLS.get(name, name)


def shape_text(array: Array) -> str:
    """A shape as `(1, 128)`, and `number` for an array without axes."""
    return "(" + ", ".join(map(str, np.shape(array))) + ")" if np.ndim(array) else "number"
