"""A loss under test: its values, its gradient, and the measured one, for several kinds of targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnstep.checking.subject import Floats, Shape
from nnstep.losses import Loss
from nnstep.student_code import StudentCode
from nnstep.student_errors import StudentError

STEP = 1e-5
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
        return self.code.call(name_of(self.loss.function), self.loss.function, np.array(y), y_hat.copy())

    def number(self, y: Any, y_hat: Floats) -> float:
        """The loss as one number."""
        return float(np.sum(np.asarray(self.value(y, y_hat), dtype=np.float64)))

    def gradient(self, y: Any, y_hat: Floats) -> Any:
        """What the gradient function returns, from copies."""
        return self.code.call(name_of(self.loss.gradient), self.loss.gradient, np.array(y), y_hat.copy())

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

    def right_for_one_hot(self, shape: Shape) -> bool:
        """The gradient is right where the target is one-hot: what the loss is meant for."""
        if int(np.prod(shape)) < 2:
            return False
        y_hat = next(self.targets(shape))[1]
        for k in range(min(y_hat.size, 3)):
            hot = np.zeros(shape)
            hot.flat[k] = 1.0
            case = self.compare(shape, (hot, y_hat))
            if case is None or case.wrong:
                return False
        return True

    def compare(self, shape: Shape, given: tuple[Any, Floats] | None = None) -> LossCase | None:
        """The gradient beside the measured one, for a given target and output; None where it cannot be compared."""
        try:
            y, y_hat, got = (*given, self.gradient(*given)) if given else self.case(shape)
            array = np.asarray(got, dtype=np.float64)
            if array.size != y_hat.size:
                return None
            measured, kept = self.measured(y, y_hat)
        except (StudentError, TypeError, ValueError):
            return None
        return LossCase(y, y_hat, array.reshape(-1), measured, kept)


def name_of(function: Callable[..., Any]) -> str:
    """What a function is called in errors."""
    return str(getattr(function, "__name__", type(function).__name__))
