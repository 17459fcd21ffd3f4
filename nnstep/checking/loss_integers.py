"""Finds losses and loss gradients that were cut off to integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.integers import consists_of_whole_numbers, goes_in_steps
from nnstep.checking.loss_subject import TENSOR, LossSubject
from nnstep.checking.subject import Floats
from nnstep.student_errors import StudentError

SIZES = (1e3, 1e-3)


def check_integers(subject: LossSubject) -> list[Finding]:
    """A loss whose gradient is wrong because the loss goes in steps, or because the gradient is whole numbers."""
    try:
        y, y_hat, got = subject.case(subject.shape)
        if _loss_in_steps(subject, y, y_hat):
            text = "your loss goes in steps and does not follow small changes: what is after the point is cut off"
            return [Finding("integer", "E", text, 0.9)]
        if _gradient_cut(subject, y, y_hat, np.asarray(got, dtype=np.float64)):
            text = "your loss gradient consists of whole numbers only: what is after the point is cut off"
            return [Finding("integer", TENSOR, text, 0.9)]
    except (StudentError, TypeError, ValueError):
        pass
    return []


def _loss_in_steps(subject: LossSubject, y: Any, y_hat: Floats) -> bool:
    def value(scaled: Floats) -> Floats:
        return np.array([subject.number(y, scaled)])

    return goes_in_steps(value, y_hat, np.linspace(-20, 20, 33))


def _gradient_cut(subject: LossSubject, y: Any, y_hat: Floats, got: Floats) -> bool:
    """Outputs far from usual ones have gradients far from 0: whole numbers where they should be none."""
    if not np.array_equal(got, np.trunc(got)):
        return False
    for size in SIZES:
        far = np.asarray(subject.gradient(y, size * y_hat), dtype=np.float64).reshape(-1)
        if consists_of_whole_numbers(far) and not consists_of_whole_numbers(subject.measured(y, size * y_hat)[0]):
            return True
    return False
