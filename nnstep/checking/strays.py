"""Finds the wrong elements of a large gradient of which only a part was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnstep.checking.explanations import by_theory
from nnstep.checking.measuring import WRONG, Measured, Places, measure_input, measure_parameter
from nnstep.checking.model import Model
from nnstep.checking.subject import Subject
from nnstep.checking.views import Case, View

MOST = 8


def with_strays(subject: Subject, model: Model, view: View) -> View:
    """The view with those elements measured too that are not what the form of the layer gives.

    What the form gives is no proof, since a layer may do more than it shows, such as masking weights: the elements are
    measured before they are called wrong.

    Args:
        subject: the layer.
        model: what it computes.
        view: one of its gradients.
    """
    theory = by_theory(model, view)
    if theory is None or not view.fits(theory):
        return view
    cases = []
    for case in view.cases:
        made = None if case.measured.complete else theory(case)
        strays = _differing(case, np.asarray(made)) if made is not None else np.array([], dtype=np.intp)
        cases.append(_with(subject, view, case, strays) if len(strays) else case)
    return replace(view, cases=tuple(cases))


def _differing(case: Case, made: np.ndarray) -> Places:
    """The elements that differ most from what they should be, if any do."""
    got = case.got.reshape(-1)
    if made.size != got.size:
        return np.array([], dtype=np.intp)
    made = made.reshape(-1)
    off = np.abs(got - made)
    allowed = WRONG * np.maximum(np.abs(got), np.abs(made)) + case.measured.floor * np.max(np.abs(made), initial=0)
    off = np.where(off > allowed + case.measured.least, off, 0.0)
    worst = np.argsort(-off)[:MOST]
    strays: Places = worst[off[worst] > 0]
    return strays


def _with(subject: Subject, view: View, case: Case, strays: Places) -> Case:
    probe, measured = case.probe, case.measured
    if view.path is None:
        more = measure_input(subject, probe.X, probe.G, places=strays)
    else:
        more = measure_parameter(subject, view.path, probe.X, probe.G, strays)
    return replace(case, measured=_joined(measured, more))


def _joined(first: Measured, second: Measured) -> Measured:
    return replace(
        first,
        at=np.concatenate([first.at, second.at]),
        values=np.concatenate([first.values, second.values]),
        floor=max(first.floor, second.floor),
        left_out=first.left_out + second.left_out,
    )
