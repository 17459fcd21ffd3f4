"""Finds where an array of integers cut off what is after the point: in outputs, in gradients, in parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.places import Path, name_of
from nnstep.checking.subject import FORWARD, Floats, Probe, Subject
from nnstep.checking.views import Case, View, as_gradient
from nnstep.student_errors import StudentError

FAR = np.linspace(-6, 6, 49)
FEWEST_LEVELS = 4
CLOSE = 1e-4  # visible in float32
MOST_MOVED = 0.03
LARGE = 1e3


def check_output(subject: Subject, probe: Probe) -> list[Finding]:
    """Forward's output goes in steps, as through an array of integers.

    Functions that are steps by themselves, such as a sign or the largest one of several, have two or three.
    """

    def output(X: Floats) -> Floats:
        return subject.output(subject.fresh(), X)

    try:
        cut = goes_in_steps(output, probe.X, FAR[FAR >= 0] if subject.positive else FAR) or _saturates_late(
            output, probe
        )
    except (StudentError, ValueError, TypeError):
        return []
    if not cut:
        return []
    text = f"{FORWARD}'s output goes in steps and does not follow small changes: what is after the point is cut off"
    return [Finding("integer", "Y", text, 0.9)]


def goes_in_steps(function: Callable[[Floats], Floats], point: Floats, far: Floats = FAR) -> bool:
    """A function of floats has several values along a line, and between them it stays exactly the same."""
    values, moved = [], []
    for t in far[far != 0]:
        here = function(t * point).reshape(-1)
        values.append(here)
        moved.append(here != function(t * (1 + CLOSE) * point).reshape(-1))
        if np.mean(moved[-1]) > 0.5:
            return False
    levels = 1 + np.count_nonzero(np.diff(np.sort(np.stack(values), axis=0), axis=0), axis=0)
    many = levels >= FEWEST_LEVELS
    return bool(many.any()) and float(np.mean(np.stack(moved)[:, many])) < MOST_MOVED


def _saturates_late(output: Callable[[Floats], Floats], probe: Probe) -> bool:
    """The output is zero throughout for usual inputs and one or so for huge ones: a tanh or sigmoid cut off."""
    usual = [output(t * probe.X) for t in (0.3, 1.0, 3.0, 6.0)]
    huge = output(LARGE * probe.X)
    return not any(np.any(Y) for Y in usual) and bool(np.any(huge)) and np.array_equal(huge, np.trunc(huge))


def cut_parameter(view: View) -> list[Finding]:
    """The array that is updated takes no numbers after the point."""
    if view.path is not None and all(_is_cut(case, view) for case in view.cases):
        kind = view.cases[0].run.before[view.path].dtype
        text = f"{view.tensor} holds {kind} numbers: the update is cut off after the point"
        return [Finding("integer", view.tensor, text)]
    return []


def integers(view: View) -> list[Finding]:
    """The gradient has lost its numbers after the point."""

    def cut(how: np.ufunc) -> bool:
        return view.fits(lambda case: _rounded(case, how)) and any(np.any(case.got) for case in view.cases)

    if any(cut(how) for how in (np.trunc, np.floor, np.rint)):
        return [Finding("integer", view.tensor, f"your {view.label} is the measured one cut off to integers")]
    return []


def _is_cut(case: Case, view: View) -> bool:
    assert view.path is not None
    after, before = case.run.after[view.path], case.run.before[view.path]
    whole = np.array_equal(after, np.trunc(after))
    return whole and (after.dtype.kind in "iu" or not np.array_equal(before, np.trunc(before)))


def _rounded(case: Case, how: np.ufunc) -> np.ndarray:
    full = np.zeros(int(np.prod(case.measured.shape)))
    full[case.measured.at] = how(case.measured.values)
    return full


def cut_to_zero(subject: Subject, view: View) -> list[Finding]:
    """A gradient that is zero throughout, but whole numbers where dE/dY is large."""
    values = []
    for case in view.cases:
        probe = Probe(case.probe.X, LARGE * case.probe.G)
        try:
            run = subject.run(probe, case.run.rate)
        except StudentError:
            return []
        got = np.asarray(run.dX, dtype=np.float64) if view.path is None else as_gradient(run, view.path)
        if got is None or got.size != case.got.size:
            return []
        values.append(got.reshape(-1))
    text = f"your {view.label} is zero throughout, and whole numbers for {LARGE:g} × the dE/dY"
    return [Finding("integer", view.tensor, text, 0.9)] if consists_of_whole_numbers(np.concatenate(values)) else []


def cut_updates(subject: Subject, path: Path, probe: Probe) -> list[Finding]:
    """An array of integers that only large updates change."""
    try:
        run = subject.run(Probe(probe.X, LARGE * probe.G), 1.0)
    except StudentError:
        return []
    before, after = run.before.get(path), run.after.get(path)
    if before is None or after is None or np.array_equal(before, after):
        return []
    text = f"{name_of(path)} holds {before.dtype} numbers: updates below 1 are cut off to nothing"
    return [Finding("integer", name_of(path), text, 0.95)]


def whole_numbers(view: View) -> list[Finding]:
    """A wrong gradient that consists of whole numbers, although the right one does not."""
    got = np.concatenate([case.measured.of(case.got) for case in view.cases])
    right = np.concatenate([case.measured.values for case in view.cases])
    if not consists_of_whole_numbers(got) or consists_of_whole_numbers(right):
        return []
    return [Finding("integer", view.tensor, f"your {view.label} consists of whole numbers only", 0.8)]


def consists_of_whole_numbers(values: Floats) -> bool:
    """All are whole numbers, and some are others than 0 and ±1."""
    return bool(np.all(np.abs(values - np.rint(values)) < 1e-9) and np.any(np.abs(values) > 1.5))
