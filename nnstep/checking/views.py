"""A gradient as the layer gives it, over several inputs and learning rates, beside the measured one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nnstep.checking.measuring import DOUBTFUL, Measured
from nnstep.checking.places import Anything, Path, name_of
from nnstep.checking.subject import Floats, Probe, Run

INPUT = "dE/dX"


@dataclass(frozen=True, eq=False, slots=True)
class Case:
    """One input, one learning rate.

    Attributes:
        probe: what went in.
        run: what came of it.
        got: the layer's gradient, in the array's shape.
        measured: the measured one.
    """

    probe: Probe
    run: Run
    got: Floats
    measured: Measured


Candidate = Callable[[Case], Floats | None]


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """One gradient in all cases.

    Attributes:
        path: the parameter; None for dE/dX.
        cases: for each probe and learning rate.
        is_bias: the parameter is added to the output.
    """

    path: Path | None
    cases: tuple[Case, ...]
    is_bias: bool = False

    @property
    def tensor(self) -> str:
        """What it is called in a finding."""
        return INPUT if self.path is None else name_of(self.path)

    @property
    def label(self) -> str:
        """What it is called in a sentence."""
        return INPUT if self.path is None else f"dE/d({name_of(self.path)})"

    @property
    def elements(self) -> int:
        """How many elements were measured."""
        return len(self.cases[0].measured.at)

    @property
    def wrong(self) -> bool:
        """Any element in any case is wrong."""
        return any(
            case.measured.wrong(case.got).any() or case.measured.wrong_elsewhere(case.got) for case in self.cases
        )

    @property
    def doubtful(self) -> bool:
        """No element is wrong, but some are farther off than rounding explains."""
        return not self.wrong and any(case.measured.doubtful(case.got).any() for case in self.cases)

    def fits(self, candidate: Candidate) -> bool:
        """The layer's gradient is the candidate, in all elements of all cases."""
        for case in self.cases:
            values = _values(case, candidate)
            if values is None:
                return False
            known = ~np.isnan(values)
            differs = case.measured.differs(case.measured.of(case.got), values, DOUBTFUL)
            if 2 * np.count_nonzero(known) < len(values) or differs[known].any():
                return False
        return True

    def factor(self, candidate: Candidate | None = None) -> float | None:
        """The constant c with which the gradient is c times the candidate (the measured one) in all cases, if any."""
        ratios = []
        for case in self.cases:
            values = case.measured.values if candidate is None else _values(case, candidate)
            if values is None:
                return None
            large = np.abs(values) > 1e-3 * max(float(np.max(np.abs(values), initial=0)), 1e-9)
            ratios.append(case.measured.of(case.got)[large] / values[large])
        together = np.concatenate(ratios)
        if not len(together) or not np.all(np.isfinite(together)):
            return None
        c = float(np.median(together))
        return c if self.fits(lambda case: _times(c, case, candidate)) else None

    def scaled(self, scale: Callable[[Case], float]) -> View:
        """The same with every gradient times a number of its case."""
        return replace(self, cases=tuple(replace(case, got=case.got * scale(case)) for case in self.cases))

    def worst(self) -> str:
        """The elements that are farthest off, in words."""
        case = max(self.cases, key=lambda c: _error(c).max(initial=0))
        error = _error(case)
        off = case.measured.wrong(case.got)
        wrong = int(off.sum())
        rows = []
        for k in [k for k in np.argsort(-error) if off[k]][:3]:
            place = ", ".join(str(int(i)) for i in np.unravel_index(case.measured.at[k], case.measured.shape))
            rows.append(f"[{place}] yours {case.measured.of(case.got)[k]:.6g}, measured {case.measured.values[k]:.6g}")
        if not wrong:
            return f"{self.label} is wrong along random directions, although {len(error)} single elements are right"
        are = "is" if wrong == 1 else "are"
        return f"{wrong} of {len(error)} elements of {self.label} {are} wrong; the worst: {'; '.join(rows)}"


def _error(case: Case) -> Floats:
    error: Floats = np.abs(case.measured.of(case.got) - case.measured.values)
    return np.where(np.isfinite(error), error, np.inf)


def _values(case: Case, candidate: Candidate) -> Floats | None:
    """The candidate's values at the measured elements."""
    made = candidate(case)
    if made is None:
        return None
    if made.size == len(case.measured.at) and made.ndim == 1 and made.size != int(np.prod(case.measured.shape)):
        return made
    return case.measured.of(made) if made.size == int(np.prod(case.measured.shape)) else None


def _times(c: float, case: Case, candidate: Candidate | None) -> Floats | None:
    if candidate is not None:
        made = candidate(case)
        return None if made is None else c * made
    full: Floats = np.zeros(int(np.prod(case.measured.shape)))
    full[case.measured.at] = c * case.measured.values
    return full


def as_gradient(run: Run, path: Path) -> Anything | None:
    """(before − after) / η, None where the array has another size afterwards or is gone."""
    if path not in run.after or run.after[path].size != run.before[path].size:
        return None
    return run.change(path) / run.rate
