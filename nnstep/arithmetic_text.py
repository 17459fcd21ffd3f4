"""An element's arithmetic in words and numbers, rounded so that what is printed adds up to what is printed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from nnstep.arithmetic import Arithmetic
from nnstep.terms import short

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Printed:
    """A sum as it is printed.

    Attributes:
        terms: what each of the first terms adds.
        rest: what all others add together; empty where there are none.
        others: how many these are.
        result: the number.
    """

    terms: tuple[str, ...]
    rest: str
    others: int
    result: str


def printed(arithmetic: Arithmetic, most: int) -> Printed:
    """Rounds a sum's terms, the rest and the result to one decimal place, such that they add up exactly.

    Each is at most one unit of that place away from its value (the method of the largest remainder).

    Args:
        arithmetic: the sum.
        most: how many terms are printed.
    """
    values = arithmetic.values
    shown, others = values[:most].tolist(), max(0, len(values) - most)
    parts = [*shown, *([math.fsum(values[most:])] if others else [])]
    if not np.all(np.isfinite([*parts, arithmetic.value])):
        texts, result = [short(part) for part in parts], short(arithmetic.value)
    else:
        texts, result = _rounded(parts, arithmetic.value)
    return Printed(tuple(texts[: len(shown)]), texts[-1] if others else "", others, result)


def as_text(arithmetic: Arithmetic, most: int = 4) -> str:
    """One line: formula, the largest terms in numbers, how much the others add up to, and the result."""
    if not len(arithmetic.values):
        note = f" ({arithmetic.note.rstrip('.')})" if arithmetic.note else ""
        return f"{arithmetic.formula} = {short(arithmetic.value)}{note}"
    found = printed(arithmetic, most)
    terms = [
        f"({t})" if (t := term.text).startswith("−") and n else t for n, term in enumerate(arithmetic.terms[:most])
    ]
    if found.others:
        terms.append(f"… ({found.others} more: {found.rest})")
    return f"{arithmetic.formula} = {' + '.join(terms)} = {found.result}"


def as_lines(arithmetic: Arithmetic, most: int = 4) -> list[str]:
    """A table: the formula, then a line for each of the largest terms, for the others together, and for the result."""
    lines = [arithmetic.formula]
    if not len(arithmetic.values):
        return [*lines, f"= {short(arithmetic.value)}"]
    found = printed(arithmetic, most)
    shown = arithmetic.terms[:most]
    names = ["·".join(factor.text for factor in term.factors) for term in shown]
    if "(y[j]" in arithmetic.formula:
        names = [f"({y.text} − {out.text})²" for y, out in (term.factors for term in shown)]
    texts, adds = [term.text for term in shown], list(found.terms)
    if found.others:
        names, texts, adds = [*names, ""], [*texts, f"{found.others} more"], [*adds, found.rest]
    widths = [max(map(len, column)) for column in (texts, [*adds, found.result])]
    for name, text, add in zip(names, texts, adds, strict=True):
        lines.append(f"{text:>{widths[0]}} = {add:>{widths[1]}}  {name}".rstrip())
    if len(adds) > 1:
        lines.append(f"{'sum':>{widths[0]}} = {found.result:>{widths[1]}}")
    return lines


def _rounded(parts: list[float], value: float) -> tuple[list[str], str]:
    largest = max(map(abs, [*parts, value]))
    if largest == 0:
        return ["0"] * len(parts), "0"
    place = math.floor(math.log10(largest)) - DIGITS + 1
    exact = [Decimal(part).scaleb(-place) for part in parts]
    result = int(Decimal(value).scaleb(-place).to_integral_value())
    units = [math.floor(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda number: units[number] - exact[number])
    for number in by_remainder[: max(0, result - sum(units))]:
        units[number] += 1
    return [_decimal(unit, place) for unit in units], _decimal(result, place)


def _decimal(units: int, place: int) -> str:
    number = Decimal(units).scaleb(place)
    if units == 0:
        return "0"
    text = f"{number:e}" if place < -8 or place > 4 else f"{number:f}"
    return text.replace("-", "−")
