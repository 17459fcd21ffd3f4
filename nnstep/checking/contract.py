"""What the protocol promises beside gradients: shapes, types, arguments left alone, pure forward, no overflow."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.model import Model, softmax
from nnstep.checking.places import Path, arrays_in, at, name_of, put
from nnstep.checking.subject import BACKWARD, Floats, Probe, Run, Subject
from nnstep.student_errors import StudentError

LARGE = 1e4


def check_array(value: Any, method: str, tensor: str) -> list[Finding]:
    """A returned value is an array of floats."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return []
    if isinstance(value, np.floating):
        return []
    if isinstance(value, np.ndarray | np.integer) and np.asarray(value).dtype.kind in "iu":
        kind = np.asarray(value).dtype
        return [Finding("integer", tensor, f"{method} returned {kind} numbers: what is after the point is lost", 0.9)]
    if isinstance(value, np.ndarray):
        received = f"an array of {value.dtype}"
    elif value is None:
        received = "None: is a return missing?"
    else:
        received = f"a {type(value).__name__}"
    return [Finding("wrong-type", tensor, f"{method} expected to return an array of floats, received {received}", 0.99)]


def check_output_shape(subject: Subject, probe: Probe, Y: Any) -> list[Finding]:
    """The output of one sample is no square made of a column and a row."""
    shape, x = np.shape(Y), probe.X
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 2 or max(x.shape, default=1) != x.size:
        return []
    lines = [path for path, a in arrays_in(subject.fresh()).items() if a.size == shape[0] == max(a.shape, default=1)]
    if not lines and x.size != shape[0]:
        return []
    with_what = f" (with {name_of(lines[0])})" if lines else ""
    n = shape[0]
    text = f"one sample {x.shape} became an output of shape {shape}: ({n}, 1) and ({n},) were combined{with_what}"
    return [Finding("broadcast", "Y", text, 0.95)]


def check_input_gradient_shape(probe: Probe, dX: Any) -> list[Finding]:
    """dE/dX has the shape of X."""
    shape, expected = np.shape(dX), probe.X.shape
    if shape == expected:
        return []
    n = probe.X.size
    text = f"{BACKWARD} expected to return dE/dX of X's shape {expected}, received {shape}"
    if len(shape) == 2 and shape == (n, n) and n > 1:
        return [Finding("broadcast", "dE/dX", f"{text}: ({n}, 1) and ({n},) were combined", 0.95)]
    if shape == probe.G.shape:
        text += ", which is the output's shape"
    return [Finding("wrong-shape", "dE/dX", text, 0.99)]


def check_parameter_shapes(run: Run, held: list[Path]) -> list[Finding]:
    """No array that forward uses has another shape after the update."""
    found = []
    for path in held:
        before, after = run.before.get(path), run.after.get(path)
        if before is None or after is None or after.shape == before.shape:
            continue
        if after.size == before.size and max(after.shape, default=1) == max(before.shape, default=1) == after.size:
            continue  # (n,) became (1, n): the numbers are the same; with several samples it is another matter
        n, name = before.size, name_of(path)
        text = f"{name} had the shape {before.shape} and has {after.shape} after the update"
        if after.shape == (n, n) and n > 1 and max(before.shape, default=1) == n:
            found.append(Finding("broadcast", name, f"{text}: ({n}, 1) and ({n},) were combined", 0.95))
        else:
            found.append(Finding("wrong-shape", name, text, 0.9))
    return found


def check_overflow(subject: Subject, model: Model) -> list[Finding]:
    """Inputs of ±10,000 give finite and right values, forward and backward."""
    found: list[Finding] = []
    for sign in (1.0, -1.0) if not subject.positive else (1.0,):
        X = np.full(subject.shape, sign * LARGE)
        if X.size > 1:
            X.flat[0] = 0.5
        found = _overflow_at(subject, model, X)
        if found:
            return found
    return found


def _overflow_at(subject: Subject, model: Model, X: Floats) -> list[Finding]:
    if _grows(subject, X):
        return []
    trial = subject.fresh()
    try:
        Y = subject.output(trial, X)
        G = np.ones(Y.shape)
        if not np.all(np.isfinite(Y)):
            text = f"forward gives {_first_not_finite(Y)} for inputs of {X.flat[-1]:g}"
            return [Finding("overflow", "Y", text, 0.97)]
        returned = subject.backward(trial, G, 1e-6)
        if not isinstance(returned, np.ndarray):
            return []
        dX = np.asarray(returned, dtype=np.float64)
    except (StudentError, TypeError, ValueError):
        return []
    if not np.all(np.isfinite(dX)):
        text = f"backward gives {_first_not_finite(dX)} for inputs of {X.flat[-1]:g}"
        return [Finding("overflow", "dE/dX", text, 0.97)]
    expected = _expected(model, X)
    bounded = expected is not None and np.max(np.abs(expected)) < 2
    if (
        expected is not None
        and bounded
        and np.max(np.abs(Y.reshape(-1) - expected)) > 1e-2 * max(1.0, np.max(np.abs(expected)))
    ):
        text = f"forward gives {Y.flat[-1]:.4g} for inputs of {X.flat[-1]:g} where it should be {expected[-1]:.4g}"
        return [Finding("overflow", "Y", text, 0.9)]
    return []


def _expected(model: Model, X: Floats) -> Floats | None:
    if model.kind == "softmax":
        return softmax(X.reshape(-1))
    if model.kind == "elementwise" and model.activation:
        return model.activation.function(X.reshape(-1))
    return None


def _grows(subject: Subject, X: Floats) -> bool:
    """The function itself grows like e^x, so that no code could hold its value; not finite for small inputs either."""
    try:
        sizes = [np.abs(subject.output(subject.fresh(), X * (size / LARGE))) for size in (1.0, 50.0, 100.0)]
    except (StudentError, ValueError, TypeError):
        return True
    peaks = [float(np.max(values, initial=0)) for values in sizes]
    return not all(np.isfinite(peaks)) or (peaks[1] > 1e12 and peaks[2] > 1e12 * peaks[1])


def _first_not_finite(values: Floats) -> str:
    return str(float(values[~np.isfinite(values)].flat[0]))


def check_softmax_axis(subject: Subject) -> list[Finding]:
    """A softmax of one row is not all ones, as it is along the wrong axis."""
    if len(subject.shape) != 2 or max(subject.shape) < 2 or min(subject.shape) != 1:
        return []
    for seed in (0, 1):
        X = subject.inputs(seed, 2.0, subject.shape)
        Y = subject.output(subject.fresh(), X)
        if Y.shape != X.shape or not np.allclose(Y, 1.0, atol=1e-12):
            return []
    try:
        rows = subject.output(subject.fresh(), subject.inputs(2, 2.0, (3, 4)))
    except (StudentError, ValueError, TypeError):
        return []
    if rows.shape == (3, 4) and not np.allclose(rows, 1.0):
        wrong_axis = 0 if subject.shape[0] == 1 else 1
        if np.allclose(rows.sum(axis=wrong_axis), 1.0):
            text = f"for one sample {X.shape} every output is 1: the sum runs along the axis that has one element"
            return [Finding("axis", "Y", text, 0.97)]
    return []


def check_column(subject: Subject, held: list[Path]) -> list[Finding]:
    """A layer for columns whose bias is no column: with a column it would work, as it is it makes squares.

    Args:
        subject: the layer, whose backward raised.
        held: the arrays that forward uses.
    """
    n = max(subject.shape, default=1)
    column = Subject(subject.layer, subject.name, subject.code, (n, 1))
    for path in held:
        array = np.asarray(at(column.fresh(), path))
        if array.ndim != 1 or array.size < 2 or n != int(np.prod(subject.shape)):
            continue
        try:
            probe = column.probe(0)
            found = check_output_shape(column, probe, probe.G)
            mended = column.fresh()
            put(mended, path, array[:, None])
            Y = column.output(mended, probe.X)
            dX = column.backward(mended, np.ones(Y.shape), 0.5)
        except (StudentError, TypeError, ValueError):
            continue
        if found and Y.shape == (array.size, 1) and np.shape(dX) == (n, 1):
            return found
    return []
