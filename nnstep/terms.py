"""What a number is made of: terms, their factors, and the places where these can be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nnstep.layers import Array
from nnstep.stepping import Frame
from nnstep.tensors import kept_symbol, symbol_of, tensor_of

Index = tuple[int, ...]
Source = tuple[str, Index, Frame]


@dataclass(frozen=True, slots=True)
class Place:
    """One number of a sample's pass.

    Attributes:
        step: the index of the step.
        key: of which tensor, as `tensors_of` names it.
        index: which element, with all axes; () for E.
    """

    step: int
    key: str
    index: Index


@dataclass(frozen=True, slots=True)
class Factor:
    """What a term is the product of.

    Attributes:
        text: its name, such as `X[17]` or `W[17,3]`.
        value: the number.
        place: where it, or what it is made from, can be seen, always in the same step; None for constants such as η.
    """

    text: str
    value: float
    place: Place | None


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a sum.

    Attributes:
        factors: what it is made of.
        value: what it adds.
        text: how it is written in numbers, such as `0.31·(−0.02)`.
    """

    factors: tuple[Factor, ...]
    value: float
    text: str


@dataclass(frozen=True, eq=False, slots=True)
class Sum:
    """A formula with all that its terms add, and a way to write one of them out by its number."""

    formula: str
    values: Array
    term: Callable[[int], Term]


def term_of(place: Place, *sources: Source) -> Term:
    """The product of numbers of one step, each given by its tensor's key, its index and the step's frame."""
    factors = tuple(factor_of(place, source) for source in sources)
    value = float(np.prod([factor.value for factor in factors]))
    return Term(factors, value, product(factors))


def factor_of(place: Place, source: Source) -> Factor:
    """One number of a step, with its name and its place."""
    key, index, frame = source
    array = tensor_of(frame, key)
    value = 0.0 if array is None else float(array[index])
    return Factor(name_of(frame, key, index), value, Place(place.step, key, index))


def name_of(frame: Frame, key: str, index: Index) -> str:
    """Symbol and subscript, such as `W[17,3]`; a batch of one row has no row in its subscripts."""
    group, _, parameter = key.partition(".")
    loss = frame.step.phase == "loss"
    if parameter:
        if group in ("details", "state", "state_after"):
            return kept_symbol(key) + (subscript(tensor_of(frame, key), index) if index else "")
        symbol = symbol_of(parameter)
        array = frame.before[parameter]
        prefix = {"gradients": "dE/d", "update": "Δ"}.get(group, "")
        suffix = " after" if group == "after" else ""
        return f"{prefix}{symbol}{subscript(array, index)}{suffix}"
    symbols = {
        "input": "ŷ" if loss else "X",
        "output": "E" if loss else "Y",
        "target": "y",
        "output_gradient": "dE/dY",
        "input_gradient": "dE/dŷ" if loss else "dE/dX",
    }
    return symbols[group] + (subscript(tensor_of(frame, key), index) if index else "")


def subscript(array: Array | None, index: Index) -> str:
    """An index in brackets, without the row of a batch of one row."""
    shown = index[1:] if array is not None and array.ndim > 1 and array.shape[0] == 1 else index
    return f"[{','.join(map(str, shown))}]" if shown else ""


def in_product(value: float) -> str:
    """A number as it stands behind a sign: negative ones in brackets."""
    text = short(value)
    return f"({text})" if text.startswith("−") else text


def product(factors: Sequence[Factor]) -> str:
    """Factors in numbers, with dots between them."""
    return "·".join(in_product(factor.value) for factor in factors)


def short(value: float) -> str:
    """A number with four significant digits."""
    if not np.isfinite(value):
        return "NaN" if value != value else "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    text = f"{value:.4g}" if 1e-3 <= abs(value) < 1e4 else f"{value:.3e}"
    return text.replace("-", "−")
