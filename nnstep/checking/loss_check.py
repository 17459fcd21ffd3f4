"""Checks a loss: its gradient against the loss's own values."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstep.checking.contract import check_array
from nnstep.checking.findings import Finding
from nnstep.checking.loss_integers import check_integers
from nnstep.checking.loss_pairs import check_pairs
from nnstep.checking.loss_subject import ROWS, TENSOR, LossCase, LossSubject, name_of
from nnstep.checking.subject import Floats, Shape
from nnstep.losses import Loss
from nnstep.student_code import StudentCode
from nnstep.student_errors import StudentError

SIZES = (5, 3)


def check_loss(loss: Loss, code: StudentCode, shape: Shape) -> list[Finding]:
    """What is wrong with a loss and its gradient, on one sample.

    Args:
        loss: the student's functions.
        code: runs them.
        shape: of one sample's output.
    """
    subject = LossSubject(loss, code, shape)
    found = _contract(subject)
    if found:
        return found
    case = subject.compare(shape)
    wrong = case is not None and case.wrong and not subject.right_for_one_hot(shape)
    found = check_pairs(subject, wrong) or (check_integers(subject) if wrong else [])
    return found or (_explained(subject, case) if case is not None and wrong else [])


def rows_factor(loss: Loss, code: StudentCode, shape: Shape) -> float | None:
    """The constant between the loss's gradient and the measured one with several samples at once."""
    case = LossSubject(loss, code, shape).compare((ROWS, *shape[1:]))
    return case.ratio if case else None


def _contract(subject: LossSubject) -> list[Finding]:
    y, y_hat, got = subject.case(subject.shape)
    value = subject.value(y, y_hat)
    found = []
    if not isinstance(value, np.ndarray | np.generic | float | int) or isinstance(value, bool):
        found.append(
            Finding("wrong-type", "E", f"the loss expected to return one number, received {_kind(value)}", 0.99)
        )
        return found
    elif np.size(value) != 1:
        square = np.shape(value) == (y_hat.size, y_hat.size) and y_hat.size > 1
        text = f"the loss expected to return one number, received an array of shape {np.shape(value)}"
        found.append(Finding("broadcast" if square else "wrong-shape", "E", text, 0.97))
    elif not np.all(np.isfinite(value)):
        text = f"the loss gives {float(np.asarray(value).reshape(-1)[0])} for outputs between 0.1 and 0.9"
        return [Finding("overflow", "E", text, 0.9)]
    if not np.shape(y_hat) and isinstance(got, float):
        return found
    found += check_array(got, "the loss gradient", TENSOR)
    if isinstance(got, np.ndarray | np.generic) and np.shape(got) != y_hat.shape:
        found += _gradient_shape(got, y_hat)
    found += _overwritten(subject, y, y_hat)
    again = subject.value(y, y_hat)
    if np.shape(value) == np.shape(again) and not np.allclose(value, again, equal_nan=True):
        found.append(Finding("impure", "E", "the loss gives another value the second time", 0.97))
    return found


def _gradient_shape(got: Any, y_hat: Floats) -> list[Finding]:
    shape, n = np.shape(got), y_hat.size
    text = f"the loss gradient expected to have the output's shape {y_hat.shape}, received {shape}"
    if len(shape) == 2 and shape == (n, n) and n > 1:
        return [Finding("broadcast", TENSOR, f"{text}: ({n}, 1) and ({n},) were combined", 0.95)]
    return [Finding("wrong-shape", TENSOR, text, 0.97)] if np.size(got) != n or len(shape) > y_hat.ndim else []


def _overwritten(subject: LossSubject, y: Any, y_hat: Floats) -> list[Finding]:
    for function, word in ((subject.loss.function, "the loss"), (subject.loss.gradient, "the loss gradient")):
        mine, mine_hat = np.array(y), y_hat.copy()
        subject.code.call(name_of(function), function, mine, mine_hat)
        for name, live, before in (("y_true", mine, np.array(y)), ("y_pred", mine_hat, y_hat)):
            if not np.array_equal(live, before, equal_nan=True):
                return [Finding("overwritten", name, f"{word} changes the {name} that it was given, in place", 0.99)]
    return []


def _explained(subject: LossSubject, case: LossCase) -> list[Finding]:
    """A factor that goes with the number of outputs is a sum taken for a mean; any other is a constant factor."""
    c = case.ratio
    if c is not None and abs(c) < 1e-9:
        return [Finding("factor", TENSOR, "your loss gradient is 0.000 × the measured one: zero in all elements", 0.9)]
    if c is not None:
        return _factor(subject, case, c)
    swapped = _swapped(subject, case)
    if swapped:
        return [swapped]
    return [Finding("unexplained", TENSOR, f"none of the usual mistakes explains it: {_worst(case)}", 0.9)]


def _factor(subject: LossSubject, case: LossCase, c: float) -> list[Finding]:
    n = case.y_hat.size
    text = f"your loss gradient is {_number(c)} × the measured one in all {n} elements"
    power = _power(subject, case)
    if power:
        id, words = ("sum-for-mean", "one of a sum") if power == 1 else ("mean-for-sum", "one of a mean")
        rest = c / n if power == 1 else c * n
        found = [Finding(id, TENSOR, f"{text}; the factor goes with the number of outputs: it is {words}", 0.95)]
        if abs(rest - 1) > 1e-3:
            found.append(Finding("factor", TENSOR, f"beside the number of outputs, {_number(rest)} × remains", 0.85))
        return found
    if c < 0 and _swapped(subject, case):
        text += "; it is right with its arguments exchanged: y_true comes first, y_pred second"
    return [Finding("factor", TENSOR, text, 0.95)]


def _power(subject: LossSubject, case: LossCase) -> int:
    """1 where the factor grows with the number of outputs, −1 where it shrinks with it, 0 where it does neither."""
    n = case.y_hat.size
    line = subject.shape
    others: list[tuple[int, float]] = []
    for size in SIZES:
        other_shape = tuple(size if k == n and n > 1 else k for k in line) if n > 1 else (*line[:-1], size)
        other = subject.compare(other_shape)
        ratio = other.ratio if other else None
        if ratio and size != n:
            others.append((size, ratio))
    for power in (1, -1):
        if others and case.ratio and all(abs(r / case.ratio / (m / n) ** power - 1) < 1e-3 for m, r in others):
            return power
    if others or not case.ratio or n < 2:
        return 0
    # No other size is taken: the number itself has to tell.
    return 1 if abs(case.ratio - n) < 1e-3 * n and n > 2 else -1 if abs(case.ratio * n - 1) < 1e-3 and n > 2 else 0


def _swapped(subject: LossSubject, case: LossCase) -> Finding | None:
    try:
        other = np.asarray(subject.gradient(case.y_hat, np.asarray(case.y, dtype=np.float64)), dtype=np.float64)
    except (StudentError, TypeError, ValueError):
        return None
    if other.size == case.measured.size and np.allclose(other.reshape(-1), case.measured, rtol=1e-4, atol=1e-7):
        text = "it is right with its two arguments exchanged: y_true comes first, y_pred second"
        return Finding("unexplained", TENSOR, text, 0.9)
    return None


def _worst(case: LossCase) -> str:
    error = np.where(case.kept, np.abs(case.got - case.measured), 0)
    k = int(np.argmax(np.where(np.isfinite(error), error, np.inf)))
    return f"at output {k} your gradient is {case.got[k]:.6g}, measured {case.measured[k]:.6g}"


def _number(c: float) -> str:
    return f"{c:.3f}" if abs(c) >= 0.1 else f"{c:.4g}"


def _kind(value: Any) -> str:
    return "None: is a return missing?" if value is None else f"a {type(value).__name__}"
