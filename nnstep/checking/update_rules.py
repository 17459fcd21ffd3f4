"""Recognises what an optimizer inside a layer makes of the right gradient: clipping, weight decay, momenta, Adam."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nnstep.checking.measuring import Measured, measure_parameter
from nnstep.checking.places import Path
from nnstep.checking.subject import Floats, Probe, Subject
from nnstep.checking.views import View, as_gradient
from nnstep.copies import copied
from nnstep.student_errors import StudentError

SMALL = 1e-3
LARGEST_DECAY = 0.1
SHORTEST_MEMORY = 0.05
RATE = 0.5


@dataclass(frozen=True, slots=True)
class Memory:
    """What a layer keeps of the gradients of one parameter: s ← decay · s + share · g to a power.

    Attributes:
        power: 1 for gradients, 2 for their squares.
        share: of the newest one, without η.
        decay: what is left of the older ones.
    """

    power: int
    share: float
    decay: float


def update_rule(subject: Subject, view: View) -> str | None:
    """How a layer changes the right gradient of a parameter before it updates, in words; None where it does not."""
    if view.path is None or not all(np.all(np.isfinite(case.got)) for case in view.cases):
        return None
    try:
        return _clipped(subject, view) or _decayed(view) or _remembered(subject, view)
    except StudentError:
        return None


def _clipped(subject: Subject, view: View) -> str | None:
    """The gradient is right where dE/dY is small, and nowhere larger than the measured one."""
    cases = []
    for case in view.cases:
        got, values = case.measured.of(case.got), case.measured.values
        rounding = 1e-3 * case.measured.largest
        if np.any(np.abs(got) > np.abs(values) + rounding) or np.any(got * np.sign(values) < -rounding):
            return None
        probe = Probe(case.probe.X, SMALL * case.probe.G)
        gradient = _gradient(subject, view, probe, case.run.rate)
        if gradient is None:
            return None
        cases.append(replace(case, got=gradient / SMALL))
    return None if replace(view, cases=tuple(cases)).wrong else "is clipped where it is large"


def _gradient(subject: Subject, view: View, probe: Probe, rate: float) -> Floats | None:
    assert view.path is not None
    return as_gradient(subject.run(probe, rate), view.path)


def _decayed(view: View) -> str | None:
    """The gradient is the right one and a small share of the parameter itself."""
    assert view.path is not None
    weights = [np.asarray(case.run.before[view.path], np.float64).reshape(-1) for case in view.cases]
    left = [case.measured.of(case.got) - case.measured.values for case in view.cases]
    there = [case.measured.of(w) for case, w in zip(view.cases, weights, strict=True)]
    size = sum(float(w @ w) for w in there)
    decay = sum(float(a @ w) for a, w in zip(left, there, strict=True)) / size if size else 0.0
    if not 0 < decay <= LARGEST_DECAY:
        return None
    without = (replace(case, got=case.got.reshape(-1) - decay * w) for case, w in zip(view.cases, weights, strict=True))
    return None if replace(view, cases=tuple(without)).wrong else f"is given a weight decay of {decay:.3g}"


def _remembered(subject: Subject, view: View) -> str | None:
    """The update is one of an optimizer that keeps earlier gradients, or their squares, in the layer."""
    memories = [memory for path in _same_size(view) for memory in _memories(subject, view, path)]
    linear = [memory for memory in memories if memory.power == 1]
    factor = view.factor()
    if factor is not None:
        for memory in linear:
            if _equal(factor, 1 + memory.decay) and _equal(abs(memory.share), 1):
                return f"goes through Nesterov's momentum of {memory.decay:.3g}"
            if _equal(factor, memory.share) and _equal(factor, 1 - memory.decay):
                return f"goes through a running mean that keeps {memory.decay:.3g} of the earlier ones"
        return None
    size = _size_of_sign(view)
    for memory in memories:
        if memory.power == 2 and size is not None:
            sizes = [1.0, *(1 + sign * m.decay for m in linear for sign in (-1, 1))]
            if any(_equal(size, a * b, 0.02) for a in sizes for b in (1.0, memory.share**-0.5)):
                return "is divided by the root of its squares' mean, as Adam, RMSprop and Adagrad do"
    return None


def _same_size(view: View) -> list[Path]:
    """Arrays of the layer that are as large as the parameter, beside itself."""
    after = view.cases[0].run.after
    size = int(np.prod(view.cases[0].measured.shape))
    return [path for path, array in after.items() if path != view.path and array.size == size]


def _memories(subject: Subject, view: View, path: Path) -> list[Memory]:
    """What an array remembers: after one sample its share of the gradient, after two the rest of the first one."""
    if not all(path in case.run.after and case.run.after[path].size == case.got.size for case in view.cases):
        return []
    kept = [replace(case, got=np.asarray(case.run.after[path], np.float64)) for case in view.cases]
    state = replace(view, cases=tuple(kept))
    for power in (1, 2):
        for with_rate in (False, True):
            share = state.factor(lambda case, p=power, r=with_rate: _power(case.measured, p, case.run.rate if r else 1))  # type: ignore[misc]
            if share:
                decay = _decay(subject, view, path, power, share * (RATE if with_rate else 1))
                return [Memory(power, share, decay)] if decay else []
    return []


def _power(measured: Measured, power: int, scale: float) -> Floats:
    full = np.zeros(int(np.prod(measured.shape)))
    full[measured.at] = scale * measured.values**power
    return full


def _decay(subject: Subject, view: View, path: Path, power: int, share: float) -> float | None:
    """Which part of what an array held after one sample is left in it after the second; None for no such memory."""
    assert view.path is not None
    first, second = view.cases[0].probe, view.cases[-1].probe
    now = Subject(copied(subject.run(first, RATE).layer), subject.name, subject.code, subject.shape)
    now.positive, now.pure = subject.positive, subject.pure
    run = now.go_on(now.fresh(), second, RATE)
    if path not in run.before or path not in run.after or run.before[path].size != run.after[path].size:
        return None
    measured = measure_parameter(now, view.path, second.X, second.G)
    old, new = measured.of(run.before[path]), measured.of(run.after[path])
    left = new - share * measured.values**power
    decay = float(left @ old / (old @ old)) if np.any(old) else 0.0
    largest = max(float(np.max(np.abs(a), initial=0)) for a in (old, new))
    off = np.abs(left - decay * old) > (1e-3 + 10 * measured.floor) * largest
    return decay if SHORTEST_MEMORY < decay < 1 + 1e-6 and not off.any() else None


def _size_of_sign(view: View) -> float | None:
    """The constant c with which the gradient is c times the measured one's sign, where that is not close to zero."""
    sizes = []
    for case in view.cases:
        values = case.measured.values
        large = np.abs(values) > 1e-2 * case.measured.largest
        sizes.append(case.measured.of(case.got)[large] * np.sign(values[large]))
    together = np.concatenate(sizes)
    if not len(together):
        return None
    size = float(np.median(together))
    return size if size > 0 and np.all(np.abs(together - size) < 0.02 * size) else None


def _equal(a: float, b: float, tolerance: float = 1e-3) -> bool:
    return abs(a - b) <= tolerance * abs(b)
