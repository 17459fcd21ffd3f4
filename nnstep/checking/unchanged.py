"""Looks whether calls leave alone what they were given and what earlier calls returned."""

from __future__ import annotations

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.places import Anything, Path, at
from nnstep.checking.subject import BACKWARD, FORWARD, Probe, Run, Subject
from nnstep.student_code import StudentError

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


def check_returned(subject: Subject, first: Probe, second: Probe, held: list[Path]) -> list[Finding]:
    """No later call changes the output that forward returned: whoever asked for it still has it.

    Args:
        subject: the layer; its forward and backward take both probes.
        first: whose output is looked at.
        second: what goes through afterwards.
        held: the arrays that forward uses; an output that is a part of one of them is left out.
    """
    for trained in (True, False):
        trial = subject.fresh()
        X = first.X.copy()
        Y = subject.forward(trial, X)
        if not isinstance(Y, np.ndarray) or np.shares_memory(Y, X) or _is_part(Y, trial, held):
            return []
        before = Y.copy()
        try:
            if trained:
                subject.backward(trial, first.G.copy(), RATE)
                if not np.array_equal(Y, before, equal_nan=True):
                    text = f"{BACKWARD} changes the Y that forward returned, in place"
                    return [Finding("overwritten", "Y", text, 0.97)]
            subject.forward(trial, second.X.copy())
        except StudentError:
            continue
        if not np.array_equal(Y, before, equal_nan=True):
            text = f"{FORWARD} changes the Y that it returned for the sample before: both are one array"
            return [Finding("overwritten", "Y", text, 0.95)]
    return []


def _is_part(Y: Anything, trial: object, held: list[Path]) -> bool:
    return any(np.shares_memory(Y, at(trial, path)) for path in held)
