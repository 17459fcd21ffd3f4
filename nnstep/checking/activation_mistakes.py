"""What usual mistakes with an activation's derivative make of dE/dY."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from nnstep.checking.known import KNOWN, Known
from nnstep.checking.model import Model, slope_at
from nnstep.checking.subject import Floats, Subject
from nnstep.checking.views import Case

Delta = Callable[[Case], Floats | None]
Reduce = Callable[[Floats], float]


def deltas(subject: Subject, model: Model) -> Iterator[tuple[str, str, Delta]]:
    """What mistakes with the activation's derivative make of dE/dY."""
    known = model.activation
    elementwise = model.kind == "elementwise"
    if not elementwise and not model.fused:
        return

    def into(case: Case) -> Floats:
        """The input of the activation."""
        return case.probe.X.reshape(-1) if elementwise else model.z(case.probe.X, case.run.before)

    def out(case: Case) -> Floats:
        if elementwise:
            return np.asarray(case.run.Y, dtype=np.float64).reshape(-1)
        assert known is not None
        return known.function(into(case))

    def slope(case: Case, points: Floats) -> Floats:
        if known is not None:
            return known.derivative(points)
        return slope_at(subject, points.reshape(case.probe.X.shape)).reshape(-1)

    def times(function: Callable[[Case], Floats]) -> Delta:
        return lambda case: case.probe.G.reshape(-1) * function(case)

    name = known.name if known else "the activation"
    yield "missing-derivative", f"dE/dY without {name}′", times(lambda c: np.ones_like(into(c)))
    yield "doubled-derivative", f"dE/dY times {name}′ twice", times(lambda c: slope(c, into(c)) ** 2)
    yield "derivative-at-output", f"dE/dY times {name}′ of the output", times(lambda c: slope(c, out(c)))
    if known and known.of_output:
        of_output = known.of_output
        yield (
            "derivative-at-input", f"dE/dY times {name}′ as a formula of the output, but taken at the input",
            times(lambda c: of_output(into(c))),
        )  # fmt: skip
    for other in (k for k in KNOWN if k is not known):
        yield from _of_another(other, into, out, times)
    yield (
        "wrong-activation-derivative", f"dE/dY times the value of {name} instead of its derivative", times(out),
    )  # fmt: skip
    yield "wrong-activation-derivative", "dE/dY times a leaky relu's derivative", _leaky_delta(into)
    yield (
        "integer",
        f"dE/dY times {name}′ of the input cut off to an integer",
        times(lambda c: slope(c, np.trunc(into(c)))),
    )  # noqa: E501


def _of_another(
    other: Known,
    into: Callable[[Case], Floats],
    out: Callable[[Case], Floats],
    times: Callable[[Callable[[Case], Floats]], Delta],
) -> Iterator[tuple[str, str, Delta]]:
    yield (
        "wrong-activation-derivative", f"dE/dY times the derivative of {other.name}",
        times(lambda c: other.derivative(into(c))),
    )  # fmt: skip
    of_output = other.of_output
    if of_output:
        yield (
            "wrong-activation-derivative", f"dE/dY times the derivative of {other.name}, taken at the output",
            times(lambda c: of_output(out(c))),
        )  # fmt: skip


def pairs(model: Model) -> Iterator[tuple[str, str, Delta]]:
    """Every dE/dY times every derivative, (n, 1) by (n,), and one axis of that reduced."""
    known = model.activation
    if known is None:
        return

    def slope(case: Case) -> Floats:
        return known.derivative(case.probe.X.reshape(-1))

    def all_gradients(reduce: Reduce) -> Delta:
        return lambda case: slope(case) * reduce(case.probe.G)

    def all_slopes(reduce: Reduce) -> Delta:
        return lambda case: case.probe.G.reshape(-1) * reduce(slope(case))

    reductions: tuple[tuple[str, Reduce], ...] = (("sum", np.sum), ("mean", np.mean))
    for word, reduce in reductions:
        words = f"the {word} over all pairs of dE/dY and {known.name}′, as of (n, 1) combined with (n,)"
        yield "broadcast", words, all_gradients(reduce)
        yield "broadcast", words, all_slopes(reduce)


def _leaky_delta(into: Callable[[Case], Floats]) -> Delta:
    def delta(case: Case) -> Floats | None:
        x, G = into(case), case.probe.G.reshape(-1)
        if case.got.size != x.size:
            return None
        factors = case.got.reshape(-1) / G
        below = x < 0
        if not below.any() or np.ptp(factors[below]) > 1e-6:
            return None
        slope = float(factors[below][0])
        return G * np.where(below, slope, 1.0) if abs(slope) > 1e-9 else None

    return delta
