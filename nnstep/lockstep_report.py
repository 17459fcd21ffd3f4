"""What a lockstep found, as text and as JSON's own types."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.frameworks.base import FRAMEWORKS
from nnstep.lockstep import Companion, Difference


def table(companions: list[Companion]) -> str:
    """Every tensor of every step with its largest difference to each framework."""
    names = list(dict.fromkeys(key for c in companions for key in c.largest))
    names.sort(key=lambda key: key[0])
    head = f"{'step':32}{'tensor':12}" + "".join(f"{c.network.name:>30}" for c in companions)
    under = f"{'':44}" + "".join(f"{'largest difference, relative':>30}" for _ in companions)
    lines = [head, under]
    before = ""
    for key in names:
        known = next(c.largest[key] for c in companions if key in c.largest)
        where = f"{known.step.phase} {known.step.name}" if known.step.layer is not None else known.step.name
        cells = "".join(_cell(c.largest.get(key)) for c in companions)
        lines.append(f"{where if where != before else '':32}{known.symbol:12}{cells}")
        before = where
    return "\n".join(lines)


def verdict(companion: Companion, mine: str, batches: list[NDArray[np.int64]]) -> str:
    """One line: how far it goes along, or where it parts."""
    name, steps = companion.network.name, companion.steps
    ties = f"; {_times(companion.ties)} equal values were decided in another way" if companion.ties else ""
    if companion.parted is None:
        ended = f". It goes no further: {companion.ended}" if companion.ended else ""
        if not steps:
            return f"{name}: not compared. {companion.ended}"
        return f"{name}: agrees in {_count(steps)}{ties}{ended}"
    number, found = companion.parted
    rows = batches[number]
    digits = f"digit {rows[0]}" if len(rows) == 1 else f"digits {rows[0]} to {rows[-1]}"
    where = f"{found.step.phase}, {found.step.name}" if found.step.layer is not None else found.step.name
    return f"{name}: parts in step {number + 1} ({digits}), {where}, {element_text(found, mine, name)}{ties}"


def element_text(found: Difference, mine: str, name: str) -> str:
    """The tensor, the element and both values."""
    if math.isnan(found.difference) and not found.element and found.scale == 0:
        return f"{found.symbol}: has another shape, or is missing"
    element = "[" + ", ".join(map(str, found.element)) + "]" if found.element else ""
    return (
        f"{found.symbol}{element}: {mine} {found.mine:.10g}, {name} {found.theirs:.10g}, "
        f"difference {found.difference:.3g} (allowed {found.allowed:.1g})"
    )


def as_json(companion: Companion, batches: list[NDArray[np.int64]]) -> dict[str, Any]:
    """A companion's way in full precision."""
    parted = None
    if companion.parted is not None:
        number, found = companion.parted
        parted = {"step": number + 1, "samples": batches[number].tolist(), **_difference(found)}
    tensors = sorted(companion.largest.items(), key=lambda item: item[0][0])
    return {
        "name": companion.network.name,
        "framework": FRAMEWORKS[companion.key],
        "agree": companion.parted is None and companion.steps > 0,
        "steps": companion.steps,
        "tolerance": companion.tolerance,
        "ties": companion.ties,
        "ended": companion.ended or None,
        "parted": parted,
        "tensors": [_difference(found) for _, found in tensors],
    }


def _difference(found: Difference) -> dict[str, Any]:
    values = {
        "mine": found.mine,
        "theirs": found.theirs,
        "difference": found.difference,
        "relative": found.relative,
        "allowed": found.allowed,
    }
    return {
        "index": found.step.index,
        "phase": found.step.phase,
        "layer": found.step.layer,
        "name": found.step.name,
        "tensor": found.tensor,
        "symbol": found.symbol,
        "element": list(found.element),
        **{name: value if math.isfinite(value) else None for name, value in values.items()},
    }


def _cell(found: Difference | None) -> str:
    if found is None:
        return f"{'–':>30}"
    mark = "  ✗" if found.parts else "   "
    return f"{f'{found.difference:.1e}  {found.relative:.1e}{mark}':>30}"


def _count(steps: int) -> str:
    return f"{steps:,} steps" if steps != 1 else "1 step"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
