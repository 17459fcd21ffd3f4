"""Looks whether layers of one network keep what they need for backward in one place, such as a global variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.outside import Outside
from nnstep.checking.places import Path, at
from nnstep.checking.subject import Probe, Shape, Subject
from nnstep.student_code import StudentCode
from nnstep.student_errors import StudentError

RATE = 0.5
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False, slots=True)
class _Came:
    """What backward returned and what became of the parameters; nothing where it raised."""

    arrays: tuple[Any, ...] | None

    def same(self, other: _Came) -> bool:
        if self.arrays is None or other.arrays is None:
            return self.arrays is other.arrays
        return all(_close(a, b) for a, b in zip(self.arrays, other.arrays, strict=True))


def check_crossing(
    layers: list[Any], names: list[str], parameters: list[list[Path]], shapes: list[Shape], code: StudentCode
) -> list[Finding]:
    """Layers whose backward gives something else once the layers after them went forward.

    Args:
        layers: the student's; they stay as they are.
        names: what they are called.
        parameters: where each layer's parameters are.
        shapes: of one sample, as each layer takes it.
        code: runs them.
    """
    together = Subject(list(layers), "the network", code, ())
    together.outside = Outside(layers)
    probes = [_probe(Subject(layers[k], names[k], code, shape), k) for k, shape in enumerate(shapes)]
    crossed: list[tuple[int, int]] = []
    for index in range(len(layers)):
        later = [k for k in range(index + 1, len(layers)) if probes[k] is not None]
        if probes[index] is None or not later:
            continue
        alone, again = (_come(together, index, [], probes, parameters[index]) for _ in range(2))
        if alone.arrays is None or not alone.same(again):
            continue  # what it keeps somewhere cannot be put back, or it draws random numbers
        if any(alone.same(_come(together, index, later, probes, parameters[index], back)) for back in (False, True)):
            continue
        by = (k for k in later if not alone.same(_come(together, index, [k], probes, parameters[index])))
        crossed.append((index, next(by, later[0])))
    return [_finding(layers, names, crossed)] if crossed else []


def _probe(subject: Subject, index: int) -> Probe | None:
    """Something to send through a layer, another one for each; None where its forward does not take it."""
    try:
        return subject.probe(41 + index)
    except (StudentError, TypeError, ValueError):
        return None


def _come(
    together: Subject, index: int, later: list[int], probes: list[Any], paths: list[Path], back: bool = False
) -> _Came:
    """Sends one layer forward, then others (and these back), then the one backward, all of them fresh copies."""
    layers = together.fresh()
    try:
        together.forward(layers[index], probes[index].X.copy())
        for k in later:
            together.forward(layers[k], probes[k].X.copy())
        for k in reversed(later) if back else ():
            together.backward(layers[k], probes[k].G.copy(), RATE)
        dX = together.backward(layers[index], probes[index].G.copy(), RATE)
        return _Came((dX, *(np.array(at(layers[index], path)) for path in paths)))
    except (StudentError, AttributeError, KeyError, IndexError):
        return _Came(None)


def _close(a: Any, b: Any) -> bool:
    if np.shape(a) != np.shape(b):
        return False
    try:
        return bool(np.allclose(np.asarray(a, float), np.asarray(b, float), TOLERANCE, TOLERANCE, equal_nan=True))
    except (TypeError, ValueError):
        return True


def _finding(layers: list[Any], names: list[str], crossed: list[tuple[int, int]]) -> Finding:
    index, by = crossed[0]
    if layers[index] is layers[by]:
        text = f"{names[index]} and {names[by]} are one object: the second forward call overwrites what the first one "
        return Finding("overwritten", "", f"{text}kept for backward", 0.95)
    whose = ", ".join(names[k] for k, _ in crossed)
    text = (
        f"{names[by]}'s forward overwrites what {names[index]} kept for its backward: both keep it in one place, an "
        f"attribute of the class or a global variable; wrong after it: {whose}"
    )
    return Finding("overwritten", "", text, 0.95)
