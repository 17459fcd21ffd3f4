"""Which arrays of a layer forward uses, which of them are parameters, and which are added to the output."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstep.checking.places import Anything, Path, arrays_in, at, numbers_in, put
from nnstep.checking.subject import Floats, Probe, Run, Subject
from nnstep.copies import copied
from nnstep.holdings import attributes_of
from nnstep.student_errors import StudentError

RATE = 0.5
NAMING = ("parameters", "params", "trainable_parameters", "trainable")


def used_by_forward(subject: Subject, probes: list[Probe]) -> list[Path]:
    """The arrays that forward's output depends on, for any of some inputs."""
    outputs = [subject.output(subject.fresh(), probe.X) for probe in probes]
    return [
        path
        for path, array in (arrays_in(subject.fresh()) | _numbers_that_change(subject, probes[0])).items()
        if any(
            not _same(Y, changed)
            for probe, Y in zip(probes, outputs, strict=True)
            for changed in _with_others(subject, path, array, probe)
        )
    ]


def _numbers_that_change(subject: Subject, probe: Probe) -> dict[Path, Anything]:
    """The floats and lists of numbers that backward changes: parameters that are no arrays."""
    try:
        run = subject.run(probe, RATE)
    except StudentError:
        return {}
    numbers = numbers_in(subject.fresh())
    return {path: array for path, array in numbers.items() if path in run.before and _changed(run, path)}


def _with_others(subject: Subject, path: Path, array: Anything, probe: Probe) -> list[Any]:
    """The outputs with other numbers in one array; None where forward cannot take them."""
    outputs: list[Any] = []
    for sign in (1.0, -1.0):
        trial = subject.fresh()
        size = np.random.default_rng(5).uniform(0.25, 0.75, array.shape)
        try:
            put(trial, path, array + (sign * size if array.dtype.kind == "f" else np.full(array.shape, int(sign))))
            outputs.append(subject.output(trial, probe.X))
        except (StudentError, ValueError, TypeError, AttributeError):
            continue
    return outputs


def vary_constants(subject: Subject, held: list[Path]) -> None:
    """Gives arrays that hold one number throughout, such as zeros, various ones: else mistakes cannot be seen."""
    layer = copied(subject.layer)
    if vary(layer, [path for path in held if path[0] in attributes_of(layer)]):
        subject.layer = layer


def vary(layer: Any, paths: list[Path]) -> bool:
    """Changes a layer's arrays that hold one number throughout; whether there was one."""
    rng = np.random.default_rng(11)
    changed = False
    for path in paths:
        array = at(layer, path)
        if array.dtype.kind == "f" and np.ptp(array) == 0:
            value = float(array.flat[0])
            spread = 0.3 * abs(value) if value else 0.4
            put(layer, path, (array + rng.uniform(-spread, spread, array.shape)).astype(array.dtype))
            changed = True
    return changed


def named_by_layer(layer: Any) -> set[int]:
    """The identities of the arrays that a layer names as its parameters."""
    found: set[int] = set()
    for name in NAMING:
        try:
            value = getattr(layer, name, None)
        except Exception:  # a __getattr__ or a property of the student's
            continue
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        found |= {id(part) for part in parts if isinstance(part, np.ndarray)}
    return found


def parameters(subject: Subject, held: list[Path], runs: list[Run]) -> list[Path]:
    """The arrays that forward uses and that a backward call changes, or that the layer names."""
    trial = subject.fresh()
    named = named_by_layer(trial)
    live = arrays_in(trial)
    return [
        path
        for path in held
        if (path in live and id(live[path]) in named) or any(_changed(run, path) for run in runs if path in run.before)
    ]


def _changed(run: Run, path: Path) -> bool:
    return path in run.after and not _same(run.before[path], run.after[path])


def is_added(subject: Subject, path: Path, probe: Probe, other: Probe) -> bool:
    """The output changes by what is added to this array, whatever the input is."""
    array = np.asarray(at(subject.fresh(), path))
    dtype = array.dtype if array.dtype.kind == "f" else np.dtype(np.float64)
    extra = np.random.default_rng(6).uniform(0.25, 0.75, array.shape)
    changes = []
    for X in (probe.X, other.X):
        trial = subject.fresh()
        first = subject.output(trial, X)
        trial = subject.fresh()
        put(trial, path, (array + extra).astype(dtype))
        changes.append(subject.output(trial, X) - first)
    tolerance = 1e-3 if array.dtype.itemsize < 8 else 1e-7
    if not np.any(changes[0]) or not np.allclose(changes[0], changes[1], atol=tolerance):
        return False
    return all(_is_one_of(change, extra, tolerance) for change in changes[0].reshape(-1))


def _is_one_of(change: float, extra: Floats, tolerance: float) -> bool:
    return bool(np.min(np.abs(np.abs(change) - extra)) < tolerance)


def _same(a: Any, b: Any) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=True))
