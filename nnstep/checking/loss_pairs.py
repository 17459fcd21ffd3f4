"""Finds losses and loss gradients that compare every target with every output: a column minus a row, summed up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.loss_subject import ROWS, TENSOR, LossSubject
from nnstep.checking.subject import Floats, Shape
from nnstep.student_errors import StudentError

DRAWS = 8
Values = Callable[[Any, Floats], Any]


def check_pairs(subject: LossSubject, gradient_wrong: bool) -> list[Finding]:
    """A loss that pairs all targets with all outputs, of one sample or of several.

    It is the same whichever target stands at which place; no loss that compares each output with its own target is.

    Args:
        subject: the loss.
        gradient_wrong: the gradient is not that of the loss, so that it is worth looking at.
    """
    found = []
    for shape in _shapes(subject):
        if _same_in_any_order(subject, shape, subject.value, True):
            found.append(_finding("E", "your loss", shape))
            break
    for shape in _shapes(subject) if gradient_wrong or found else ():
        if any(_same_in_any_order(subject, shape, subject.gradient, targets) for targets in (True, False)):
            found.append(_finding(TENSOR, "your loss gradient", shape))
            break
    return found


def _shapes(subject: LossSubject) -> list[Shape]:
    """One sample, and several where samples are rows."""
    line = subject.shape
    return [line, (ROWS, *line[1:])] if len(line) == 2 and line[0] == 1 else [line]


def _finding(tensor: str, label: str, shape: Shape) -> Finding:
    n = shape[0] if len(shape) == 2 and shape[0] > 1 and shape[1] > 1 else int(np.prod(shape))
    what = "samples" if n == shape[0] == ROWS else "elements"
    text = (
        f"{label} stays the same when the {n} {what} change places on one side only: each is compared with every "
        f"other, as when ({n}, 1) and ({n},) are combined to ({n}, {n})"
    )
    return Finding("broadcast", tensor, text, 0.95)


def _same_in_any_order(subject: LossSubject, shape: Shape, function: Values, of_targets: bool) -> bool:
    """What a function gives does not change with the order of the targets (or outputs), but with their values."""
    depends = False
    seen = 0
    try:
        for y, y_hat in _draws(shape):
            first = np.asarray(function(y, y_hat), dtype=np.float64)
            for turned in _turned(y if of_targets else y_hat):
                given = (turned, y_hat) if of_targets else (y, turned)
                other = np.asarray(function(*given), dtype=np.float64)
                if other.shape != first.shape or not np.allclose(first, other, rtol=1e-9, atol=1e-13):
                    return False
                seen += 1
            given = (0.5 * y, y_hat) if of_targets else (y, 0.5 * y_hat)
            depends |= not np.allclose(first, np.asarray(function(*given), dtype=np.float64), rtol=1e-6)
    except (StudentError, TypeError, ValueError):
        return False
    return depends and seen > 0


def _draws(shape: Shape) -> Iterator[tuple[Floats, Floats]]:
    rng = np.random.default_rng(23)
    for _ in range(DRAWS):
        yield rng.uniform(0.1, 0.9, shape), rng.uniform(0.1, 0.9, shape)


def _turned(values: Floats) -> list[Floats]:
    """The same numbers in other places: of several samples the samples, of one sample its elements."""
    if values.ndim == 2 and min(values.shape) > 1:
        return [np.roll(values, k, axis=0) for k in range(1, len(values))]
    flat = values.reshape(-1)
    return [np.roll(flat, k).reshape(values.shape) for k in range(1, min(flat.size, 4))]
