"""Checks a loss: its gradient against the loss's own values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnstep.checking.contract import check_array
from nnstep.checking.findings import Finding
from nnstep.checking.subject import Floats, Shape
from nnstep.losses import Loss
from nnstep.student_code import StudentCode, StudentError

STEP = 1e-5
SIZES = (5, 3)
ROWS = 3
TENSOR = "dE/dŷ"


@dataclass(frozen=True, eq=False, slots=True)
class LossCase:
    """A loss's gradient beside the measured one, for outputs of one shape."""

    y: Any
    y_hat: Floats
    got: Floats
    measured: Floats
    kept: Any

    @property
    def ratio(self) -> float | None:
        """The constant with which the gradient is the measured one times it."""
        large = self.kept & (np.abs(self.measured) > 1e-3 * np.max(np.abs(self.measured), initial=1e-12))
        if not large.any():
            return None
        ratios = self.got[large] / self.measured[large]
        c = float(np.median(ratios))
        if not np.isfinite(c):
            return None
        scale = np.max(np.abs(self.measured)) * max(abs(c), 1e-6)
        off = np.abs(self.got - c * self.measured)[self.kept]
        return c if np.all(off <= 1e-4 * np.abs(c * self.measured)[self.kept] + 1e-6 * scale) else None

    @property
    def wrong(self) -> bool:
        """The gradient is not the measured one."""
        a, n = self.got[self.kept], self.measured[self.kept]
        scale = np.max(np.abs(n), initial=1e-12)
        return bool(np.any(~(np.abs(a - n) <= 1e-2 * np.maximum(np.abs(a), np.abs(n)) + 1e-6 * scale)))


class LossSubject:
    """A loss under test.

    Args:
        loss: the student's functions.
        code: runs them.
        shape: of one sample's output, as the last layer gives it.
    """

    def __init__(self, loss: Loss, code: StudentCode, shape: Shape) -> None:
        self.loss, self.code, self.shape = loss, code, shape

    def value(self, y: Any, y_hat: Floats) -> Any:
        """What the loss returns, from copies."""
        return self.code.call(_name(self.loss.function), self.loss.function, np.array(y), y_hat.copy())

    def number(self, y: Any, y_hat: Floats) -> float:
        """The loss as one number."""
        return float(np.sum(np.asarray(self.value(y, y_hat), dtype=np.float64)))

    def gradient(self, y: Any, y_hat: Floats) -> Any:
        """What the gradient function returns, from copies."""
        return self.code.call(_name(self.loss.gradient), self.loss.gradient, np.array(y), y_hat.copy())

    def targets(self, shape: Shape) -> Iterator[tuple[Any, Floats]]:
        """Targets and outputs of a shape: between 0 and 1, one-hot, classes as numbers."""
        rng = np.random.default_rng(9)
        y_hat = rng.uniform(0.1, 0.9, shape)
        # Far enough from ŷ for the kink of |y − ŷ|.
        yield np.where(y_hat > 0.5, y_hat - rng.uniform(0.1, 0.4, shape), y_hat + rng.uniform(0.1, 0.4, shape)), y_hat
        hot = np.zeros(shape)
        hot.reshape(-1, shape[-1])[:, 0] = 1.0
        yield hot, y_hat
        rows = shape[0] if len(shape) == 2 and shape[1] > 1 else 1
        labels = np.arange(rows) % max(shape)
        yield (labels if len(shape) == 2 else int(labels[0])), y_hat

    def case(self, shape: Shape) -> tuple[Any, Floats, Any]:
        """Target, output and gradient of the first kind of target that both functions take.

        Raises:
            StudentError: none is taken; the error is that of the first.
        """
        failed: StudentError | None = None
        for y, y_hat in self.targets(shape):
            try:
                value = np.asarray(self.value(y, y_hat))
                got = self.gradient(y, y_hat)
                if value.dtype.kind in "fiu" and np.all(np.isfinite(value)):
                    return y, y_hat, got
            except StudentError as error:
                failed = failed or error
        if failed:
            raise failed
        y, y_hat = next(self.targets(shape))
        return y, y_hat, self.gradient(y, y_hat)

    def measured(self, y: Any, y_hat: Floats) -> tuple[Floats, Any]:
        """dE/dŷ by central differences, and where there is no kink."""
        gradient, kept = np.zeros(y_hat.size), np.ones(y_hat.size, bool)
        center = self.number(y, y_hat)
        for k in range(y_hat.size):
            high, low = y_hat.copy(), y_hat.copy()
            high.flat[k] += STEP
            low.flat[k] -= STEP
            up, down = self.number(y, high), self.number(y, low)
            gradient[k] = (up - down) / (2 * STEP)
            kept[k] = abs(up - 2 * center + down) / STEP < 1e-2 * (abs(gradient[k]) + 1.0)
        return gradient, kept

    def compare(self, shape: Shape) -> LossCase | None:
        """The gradient beside the measured one; None where it cannot be compared."""
        try:
            y, y_hat, got = self.case(shape)
            array = np.asarray(got, dtype=np.float64)
            if array.size != y_hat.size:
                return None
            measured, kept = self.measured(y, y_hat)
        except (StudentError, TypeError, ValueError):
            return None
        return LossCase(y, y_hat, array.reshape(-1), measured, kept)


def check_loss(loss: Loss, code: StudentCode, shape: Shape, rows: bool) -> list[Finding]:
    """What is wrong with a loss's gradient on one sample, and on several where the factor is not that of the rows.

    Args:
        loss: the student's functions.
        code: runs them.
        shape: of one sample's output.
        rows: the network takes several samples at once.
    """
    subject = LossSubject(loss, code, shape)
    found = _contract(subject)
    if found:
        return found
    case = subject.compare(shape)
    if case is None:
        return found
    if case.wrong:
        return found + _explained(subject, case)
    if rows:
        several = subject.compare((ROWS, *shape[1:]))
        if several is not None and several.wrong and several.ratio is None:
            found.append(Finding("unexplained", TENSOR, f"with 3 samples at once {_worst(several)}", 0.8))
    return found


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
        subject.code.call(_name(function), function, mine, mine_hat)
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
    integers = np.array_equal(case.got, np.trunc(case.got)) and np.any(case.got)
    if integers and np.array_equal(case.got, np.trunc(case.measured)):
        return [Finding("integer", TENSOR, "your loss gradient is the measured one cut off to integers", 0.9)]
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


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
