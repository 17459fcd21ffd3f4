"""What a layer is tried with: inputs of several sizes and signs that it takes."""

from __future__ import annotations

import time

import numpy as np

from nnstep.checking.subject import Probe, Subject
from nnstep.student_errors import StudentError

SCALES = (1.0, 2.0, 0.5)


def seconds(subject: Subject, probe: Probe) -> float:
    """How long a forward call takes."""
    trial = subject.fresh()
    began = time.perf_counter()
    subject.forward(trial, probe.X.copy())
    return time.perf_counter() - began


def first_probe(subject: Subject) -> Probe:
    """A probe that forward takes: inputs of both signs, or positive ones where the others give no numbers."""
    try:
        probe = subject.probe(0)
        Y = subject.forward(subject.fresh(), probe.X.copy())
        if not isinstance(Y, np.ndarray) or np.all(np.isfinite(np.asarray(Y, dtype=np.float64))):
            return probe
    except (StudentError, TypeError, ValueError) as error:
        failed: Exception | None = error
    else:
        failed = None
    subject.positive = True
    try:
        return subject.probe(0)
    except StudentError as error:
        raise (failed if isinstance(failed, StudentError) else error) from None
    except (TypeError, ValueError):
        Y = subject.forward(subject.fresh(), subject.inputs(0, 1.0, subject.shape))
        return Probe(subject.inputs(0, 1.0, subject.shape), np.zeros(()))


def probes_after(subject: Subject, first: Probe) -> list[Probe]:
    """Inputs of several sizes; the last one points the other way, so that what was off is on."""
    second = subject.probe(1, SCALES[1])
    few = min(1.0, 4 / max(first.X.size, 1) ** 0.5)  # many inputs add up, and would saturate what comes after
    third = subject.probe(2, SCALES[2] * few)
    if not subject.positive:
        third = Probe(-SCALES[2] * few * first.X, third.G)
    return [first, third] if subject.slow else [first, second, third]
