"""A student's loss and its gradient behind the usual form: rows are samples, whatever shape they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnstep.layers import Array
from nnstep.losses import Loss
from nnstep.student_code import StudentCode
from nnstep.student_errors import StudentError
from nnstep.student_layer import Shape, line_of

EXPECTED = "one number"


def adapted_loss(loss: Loss, shape: Shape, rows: bool, code: StudentCode) -> Loss:
    """Makes a loss of rows from one that a student wrote.

    Args:
        loss: the student's functions.
        shape: of one sample's output, as the last layer gives it.
        rows: the network takes several rows at once, so the loss does.
        code: runs the functions.
    """

    def call(function: Callable[..., Any], kind: str, y: Array, y_hat: Array) -> Any:
        return code.call(f"{_name(function)} ({kind})", function, np.array(y), np.array(y_hat))

    def fault(function: Callable[..., Any], said: str, hint: str, kind: str) -> StudentError:
        line = line_of(function, code)
        where = f"{code.name}, {code.place(line)}: " if line else ""
        return StudentError(f"{where}{_name(function)}: {said}", hint, "", code.name, line, kind)

    def one(y: Array, y_hat: Array) -> float:
        value = call(loss.function, "the loss", y, y_hat)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, np.ndarray) and value.size != 1:
            raise fault(
                loss.function, f"the loss expected to return {EXPECTED}, received an array of shape {value.shape}",
                "Take its mean", "wrong-shape",
            )  # fmt: skip
        if np.iscomplexobj(value):
            raise fault(
                loss.function, f"the loss expected to return {EXPECTED}, received a complex one", "", "wrong-type"
            )
        try:
            return float(np.asarray(value).reshape(-1)[0])
        except (TypeError, ValueError, IndexError):
            received = "None" if value is None else f"a {type(value).__name__}"
            raise fault(
                loss.function, f"the loss expected to return {EXPECTED}, received {received}", "", "wrong-type"
            ) from None

    def slope(y: Array, y_hat: Array) -> Array:
        value = call(loss.gradient, "the loss gradient", y, y_hat)
        if not isinstance(value, np.ndarray) or not np.issubdtype(value.dtype, np.number) or np.iscomplexobj(value):
            received = "None" if value is None else f"a {type(value).__name__}"
            raise fault(
                loss.gradient,
                f"the loss gradient expected to return an array of shape {y_hat.shape}, received {received}",
                "Is a return missing?" if value is None else "", "wrong-type",
            )  # fmt: skip
        if value.size != y_hat.size:
            raise fault(
                loss.gradient,
                f"the loss gradient expected to return an array of shape {y_hat.shape}, received {value.shape}",
                "", "wrong-shape",
            )  # fmt: skip
        return value.astype(np.result_type(value, np.float32) if value.dtype.kind != "f" else value.dtype)

    def function(y: Array, y_hat: Array) -> float:
        if len(y) == 1 or not rows:
            return float(np.mean([one(a.reshape(shape), b.reshape(shape)) for a, b in zip(y, y_hat, strict=True)]))
        return one(y, y_hat)

    def gradient(y: Array, y_hat: Array) -> Array:
        if len(y) == 1:
            return slope(y.reshape(shape), y_hat.reshape(shape)).reshape(1, -1)
        if rows:
            return slope(y, y_hat).reshape(y_hat.shape)
        parts = [slope(a.reshape(shape), b.reshape(shape)).reshape(1, -1) for a, b in zip(y, y_hat, strict=True)]
        return np.concatenate(parts) / len(y)

    function.original, gradient.original = loss.function, loss.gradient  # type: ignore[attr-defined]
    return Loss(loss.name, function, gradient)


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
