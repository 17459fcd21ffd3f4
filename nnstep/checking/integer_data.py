"""Tries integers where a file's own data are integers: XOR's inputs, one-hot targets."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.loss_subject import TENSOR, LossSubject
from nnstep.checking.subject import FORWARD, Subject
from nnstep.student_errors import StudentError


def integer_arrays(module: ModuleType) -> dict[str, Any]:
    """The arrays of integers, by name, that a file holds as its data."""
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "iu" and value.ndim >= 2
    }


def check_inputs(subject: Subject, data: dict[str, Any]) -> list[Finding]:
    """Forward gives for integers what it gives for the same numbers as floats.

    Args:
        subject: the first layer.
        data: the file's arrays of integers.
    """
    of_input = [name for name, array in data.items() if array[0].size == int(np.prod(subject.shape))]
    X = np.arange(1, 1 + int(np.prod(subject.shape))).reshape(subject.shape) % 4
    try:
        whole = np.asarray(subject.forward(subject.fresh(), X.copy()), dtype=np.float64) if of_input else None
        exact = subject.output(subject.fresh(), X.astype(np.float64))
    except (StudentError, TypeError, ValueError):
        return []
    if whole is None or whole.shape != exact.shape or np.allclose(whole, exact):
        return []
    name = of_input[0]
    text = f"{name} holds {data[name].dtype} numbers, and for those {FORWARD} cuts off what is after the point"
    return [Finding("integer", "Y", text, 0.85)]


def check_targets(subject: LossSubject, data: dict[str, Any]) -> list[Finding]:
    """The loss and its gradient are the same for integer targets as for the same numbers as floats."""
    shape = subject.shape
    of_target = [name for name, array in data.items() if array[0].size == int(np.prod(shape))]
    y_hat = np.random.default_rng(31).uniform(0.1, 0.9, shape)
    y = np.zeros(shape)
    y.flat[0] = 1.0
    for function, tensor in ((subject.value, "E"), (subject.gradient, TENSOR)) if of_target else ():
        try:
            whole, exact = (np.asarray(function(t, y_hat), dtype=np.float64) for t in (y.astype(np.int64), y))
        except (StudentError, TypeError, ValueError):
            continue
        if whole.shape == exact.shape and not np.allclose(whole, exact):
            name = of_target[0]
            text = f"{name} holds {data[name].dtype} numbers, and with those what is after the point is cut off"
            return [Finding("integer", tensor, text, 0.85)]
    return []
