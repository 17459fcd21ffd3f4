"""The tensors of a frame: their keys, as files name them, and their symbols, as the screen and the formulas do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nnstep.layers import Array
from nnstep.stepping import Frame

SYMBOLS = {"weights": "W", "bias": "b", "gamma": "γ", "beta": "β"}
DETAILS = {"evaluation": "Y in evaluation", "normalised": "x̂"}


@dataclass(frozen=True, eq=False, slots=True)
class Tensor:
    """One array of a frame.

    Attributes:
        key: `input`, `output`, `target`, `output_gradient`, `input_gradient`, or a group and a parameter's name:
            `before.weights`, `gradients.weights`, `update.weights` (after − before), `after.weights`; `details.mask`,
            `state.running_mean` and `state_after.running_mean` for what layers make besides, and keep with optimizers.
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
        found += _kept(frame)
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
        found += _kept(frame)
        found += [("input", "X", frame.input), ("output", "Y", frame.output)]
    return tuple(Tensor(key, symbol, array) for key, symbol, array in found if array is not None)


def _kept(frame: Frame) -> list[tuple[str, str, Array | None]]:
    """What a layer made besides, and what it or the optimizer keeps, before and after the step."""
    keys = [f"details.{name}" for name in frame.details]
    keys += [f"{group}.{name}" for name in frame.state_after for group in ("state", "state_after")]
    return [(key, kept_symbol(key), tensor_of(frame, key)) for key in keys]


def kept_symbol(key: str) -> str:
    """The symbol of a tensor of `details`, `state` or `state_after`: `mask`, `running mean`, `velocity of W after`."""
    group, _, name = key.partition(".")
    parameter, _, slot = name.rpartition(".")
    text = f"{slot} of {symbol_of(parameter)}" if parameter else DETAILS.get(name, name.replace("_", " "))
    return {"state": f"{text} before", "state_after": f"{text} after"}.get(group, text)


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
