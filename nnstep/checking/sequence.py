"""Runs a layer over several samples and looks whether its gradients belong to the last one."""

from __future__ import annotations

import numpy as np

from nnstep.checking.explanations import by_theory
from nnstep.checking.findings import Finding
from nnstep.checking.measuring import Measured, measure_input, measure_parameter
from nnstep.checking.model import Model
from nnstep.checking.places import Path, name_of
from nnstep.checking.subject import Floats, Probe, Run, Subject
from nnstep.checking.views import Case, View, as_gradient
from nnstep.copies import copied
from nnstep.student_errors import StudentError

RATE = 0.5


def check_second_sample(
    subject: Subject, first: Probe, second: Probe, parameters: list[Path], right: set[Path | None],
    model: Model | None = None,
) -> list[Finding]:  # fmt: skip
    """Gradients of a second sample that belong to the first.

    Args:
        subject: the layer.
        first: what went through before.
        second: what the gradients should belong to.
        parameters: whose gradients are looked at.
        right: the gradients that are right for the first sample, None for dE/dX; only those can be wrong here.
        model: what the layer computes, where that is known: measured gradients of float32 layers can be far off.

    Returns:
        At most one finding for each tensor.
    """
    found: dict[Path | None, Finding] = {}
    for trained in (True,) if subject.slow else (False, True):
        try:
            now = Subject(_after(subject, first, trained), subject.name, subject.code, subject.shape)
            now.positive, now.pure = subject.positive, subject.pure
            run = now.go_on(now.fresh(), second, RATE)
        except StudentError:
            continue
        for path in [None, *parameters]:
            if path in found or (model is not None and _by_theory(model, run, second, path)):
                continue
            finding = _late(subject, now, run, first, second, path, path in right, trained)
            if finding:
                found[path] = finding
    return list(found.values())


def _by_theory(model: Model, run: Run, probe: Probe, path: Path | None) -> bool:
    """The gradient is the one that the form of the layer gives."""
    got = np.asarray(run.dX) if path is None else as_gradient(run, path)
    if got is None or not np.issubdtype(got.dtype, np.floating):
        return False
    nothing = Measured(np.arange(got.size), np.zeros(got.size), got.shape, 0.0, 1e-9, 0)
    view = View(path, (Case(probe, run, got, nothing),))
    theory = by_theory(model, view)
    return theory is not None and view.fits(theory)


def _after(subject: Subject, probe: Probe, trained: bool) -> object:
    """A copy that a sample went through, forward alone or backward as well."""
    trial = subject.fresh()
    subject.forward(trial, probe.X.copy())
    if trained:
        subject.backward(trial, probe.G.copy(), RATE)
    return copied(trial)


def _late(
    before: Subject, now: Subject, run: Run, first: Probe, second: Probe, path: Path | None, right: bool, trained: bool
) -> Finding | None:
    def measured(subject: Subject, probe: Probe, G: Floats) -> Measured:
        if path is None:
            return measure_input(subject, probe.X, G)
        return measure_parameter(subject, path, probe.X, G)

    got = np.asarray(run.dX) if path is None else as_gradient(run, path)
    expected = measured(now, second, second.G)
    if got is None or got.size != int(np.prod(expected.shape)) or not expected.wrong(got).any():
        return None
    tensor = "dE/dX" if path is None else name_of(path)
    label = tensor if path is None else f"dE/d({tensor})"
    old_input = measured(now, first, second.G)
    if not old_input.wrong(got).any():
        text = f"after two samples your {label} is the right one for the first sample's input, in all elements"
        return Finding("stale-input", tensor, text, 0.97)
    if not measured(now, second, first.G).wrong(got).any():
        text = f"after two samples your {label} is made with the first sample's dE/dY, in all elements"
        return Finding("stale-input", tensor, text, 0.9)
    if any(_is_sum(got, expected, earlier) for earlier in (old_input, measured(before, first, first.G))):
        text = f"after two samples your {label} is that of both added up, in all elements: it is never cleared"
        return Finding("stale-input", tensor, text, 0.95)
    if right and not trained:
        text = f"your {label} is right for one sample, and another one that went forward before it makes it wrong"
        return Finding("stale-input", tensor, text, 0.8)
    if right and path is None:
        return Finding("unexplained", tensor, f"your {label} is right for the first sample only", 0.8)
    return None


def _is_sum(got: np.ndarray, expected: Measured, earlier: Measured) -> bool:
    """A gradient is the right one plus that of the sample before."""
    places, mine, other = np.intersect1d(expected.at, earlier.at, return_indices=True)
    if not expected.differs(expected.values[mine], earlier.values[other], 1e-3).any():
        return False  # nothing to compare, or twice the right one, which is a factor
    values = got.reshape(-1).astype(np.float64)[places]
    return not expected.differs(values, expected.values[mine] + earlier.values[other], 1e-3).any()
