"""Looks whether calls leave alone what they were given, and backward what forward returned."""

from __future__ import annotations

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.places import Anything, Path, at
from nnstep.checking.subject import BACKWARD, Probe, Run, Subject
from nnstep.student_errors import StudentError

RATE = 0.5


def check_arguments(runs: list[Run]) -> list[Finding]:
    """No call changes an array that it was given."""
    found = []
    changed = [run.X_changed for run in runs if run.X_changed]
    if changed:
        found.append(Finding("overwritten", "X", f"{changed[0]} changes the X that forward was given, in place", 0.99))
    if any(run.G_changed for run in runs):
        found.append(Finding("overwritten", "dE/dY", f"{BACKWARD} changes the dE/dY that it was given, in place", 0.99))
    return found


def check_returned(subject: Subject, probe: Probe, held: list[Path]) -> list[Finding]:
    """The backward call does not change the output that forward returned: the next layer, and the loss, still have it.

    A buffer that the next forward call fills again is no fault.

    Args:
        subject: the layer; its forward and backward take the probe.
        probe: what goes through.
        held: the arrays that forward uses; an output that is a part of one of them is left out.
    """
    trial, X = subject.fresh(), probe.X.copy()
    Y = subject.forward(trial, X)
    if not isinstance(Y, np.ndarray) or np.shares_memory(Y, X) or _is_part(Y, trial, held):
        return []
    before = Y.copy()
    try:
        subject.backward(trial, probe.G.copy(), RATE)
    except StudentError:
        return []
    if np.array_equal(Y, before, equal_nan=True):
        return []
    return [Finding("overwritten", "Y", f"{BACKWARD} changes the Y that forward returned, in place", 0.97)]


def _is_part(Y: Anything, trial: object, held: list[Path]) -> bool:
    return any(np.shares_memory(Y, at(trial, path)) for path in held)
