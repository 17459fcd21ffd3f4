"""Names what is wrong with one gradient: tries the explanations on the numbers and keeps those that fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnstep.checking.explanations import Explanation, by_theory, explanations
from nnstep.checking.findings import Finding
from nnstep.checking.integers import cut_parameter, cut_to_zero, integers, whole_numbers
from nnstep.checking.model import Model
from nnstep.checking.subject import Subject
from nnstep.checking.views import Candidate, View

DERIVATIVE_IDS = (
    "missing-derivative", "doubled-derivative", "derivative-at-output", "derivative-at-input",
    "wrong-activation-derivative",
)  # fmt: skip
POWERS = (-1, 1, 2, -2)


@dataclass(frozen=True, slots=True)
class Rate:
    """How a gradient depends on the learning rate that backward is given.

    Attributes:
        power: the gradient goes with η to this power; 0 is right.
        words: what that means.
    """

    power: int
    words: str


def diagnose(subject: Subject, model: Model, view: View) -> list[Finding]:
    """What is wrong with a gradient; empty where nothing is."""
    if not view.wrong:
        return []
    theory = by_theory(model, view)
    if theory and view.fits(theory):
        return []  # a kink that the differences stepped over, or numbers too coarse for them
    if not all(np.all(np.isfinite(case.got)) for case in view.cases):
        return [Finding("overflow", view.tensor, f"your {view.label} has values that are not finite", 0.9)]
    if _is_zero(view):
        return cut_to_zero(subject, view) or [_zero(view)]
    cut = cut_parameter(view)
    if cut:
        return cut
    found: list[Finding] = []
    rate = _rate(view)
    if rate:
        found.append(Finding("learning-rate", view.tensor, f"your {view.label} {rate.words}", 0.97))
        view = view.scaled(lambda case: case.run.rate**-rate.power)
        own = _constant(view, theory)
        if (
            not view.wrong
            or (theory and view.fits(theory))
            or (own and own > 0 and view.path is not None and rate.power == -1)
        ):
            return found
    named = integers(view) or _named(subject, model, view, theory) or whole_numbers(view)
    return found + (named or _with_rate(subject, model, view) or [_unexplained(view)])


def _constant(view: View, theory: Candidate | None) -> float | None:
    """The constant between a gradient and the measured one, or the exact one where measuring is too coarse."""
    c = view.factor()
    return view.factor(theory) if c is None and theory else c


def _with_rate(subject: Subject, model: Model, view: View) -> list[Finding]:
    """An explanation that fits a gradient together with a power of the learning rate."""
    for explanation in explanations(subject, model, view):
        for power in POWERS:
            scaled = view.scaled(lambda case, power=power: case.run.rate**-power)  # type: ignore[misc]
            if scaled.fits(explanation.candidate):
                words = f"beside that, your {view.label} {_rate_words(view, power)}"
                but = ", but for the learning rate"
                return [_finding(view, explanation, but), Finding("learning-rate", view.tensor, words, 0.9)]
    return []


def _named(subject: Subject, model: Model, view: View, theory: Candidate | None) -> list[Finding]:
    """The explanation that fits, alone or together with a constant factor."""
    sign = _constant(view, theory)
    if view.is_bias and sign is not None and sign < 0:
        text = _factor_text(view, sign)
        found = [Finding("bias-sign", view.tensor, f"your {view.label} {text}", 0.97)]
        return found if abs(sign + 1) < 1e-3 else [*found, _factor(view, -sign, besides=True)]
    tried: list[Explanation] = []
    for explanation in explanations(subject, model, view):
        if view.fits(explanation.candidate):
            return [_finding(view, explanation)]
        tried.append(explanation)
    if sign is not None:
        return [_factor(view, sign)]
    for explanation in tried:
        c = view.factor(explanation.candidate)
        if c is not None and abs(c) > 1e-6:
            first = _finding(view, explanation, ", but for a constant")
            extra = (
                Finding("bias-sign", view.tensor, f"beside that, your {view.label} has the wrong sign", 0.9)
                if view.is_bias and c < 0
                else None
            )
            rest = [] if extra and abs(c + 1) < 1e-3 else [_factor(view, -c if extra else c, besides=True)]
            return [first, *([extra] if extra else []), *rest]
    return []


def _finding(view: View, explanation: Explanation, but: str = "") -> Finding:
    count = view.elements
    text = f"your {view.label} is {explanation.words}{but}, in all {count} elements that were compared"
    return Finding(explanation.id, view.tensor, text, explanation.confidence)


def _factor(view: View, c: float, besides: bool = False) -> Finding:
    """A constant factor of the measured gradient, or `besides` of what another finding makes of it."""
    if besides:
        text = f"beside that, your {view.label} {_factor_text(view, c, 'what that alone would give')}"
        return Finding("factor", view.tensor, text, 0.95)
    return Finding("factor", view.tensor, f"your {view.label} {_factor_text(view, c)}", 0.95)


def _factor_text(view: View, c: float, of: str = "the measured one") -> str:
    case = view.cases[0]
    names = {
        "the number of inputs": case.probe.X.size,
        "the number of outputs": case.probe.G.size,
    }
    meaning = ""
    for name, n in names.items():
        if n > 2 and abs(c - n) < 1e-3 * n:
            meaning = f", which is {name},"
        elif n > 2 and abs(c * n - 1) < 1e-3:
            meaning = f", which is 1 / {name},"
    number = f"{c:.3f}" if abs(c) >= 0.1 else f"{c:.4g}"
    return f"is {number} × {of}{meaning} in all {view.elements} elements"


def _is_zero(view: View) -> bool:
    return all(not np.any(case.measured.of(case.got)) for case in view.cases)


def _zero(view: View) -> Finding:
    if view.is_bias:
        return Finding("bias-missing", view.tensor, f"{view.tensor} never changes, although it is added to the output")
    return Finding("factor", view.tensor, f"your {view.label} is 0.000 × the measured one: zero in all elements", 0.9)


def _rate(view: View) -> Rate | None:
    """How the gradient goes with η, where it does so by a power; cases stand in pairs of two learning rates."""
    pairs = list(zip(view.cases[::2], view.cases[1::2], strict=True))
    for power in POWERS:
        ratio = (pairs[0][0].run.rate / pairs[0][1].run.rate) ** power
        if all(_close(first.got, ratio * second.got) for first, second in pairs) and any(
            np.any(first.got) for first, _ in pairs
        ):
            return Rate(power, _rate_words(view, power))
    return None


def _rate_words(view: View, power: int) -> str:
    if view.path is None:
        return (
            f"goes with η{'' if power == 1 else f' to the power {power}'}: the learning rate belongs in the update only"
        )
    if power == -1:
        own = view.scaled(lambda case: case.run.rate).factor()
        same = f": it is always {own:.4g} × the measured gradient" if own else ""
        return f"makes an update that is the same for every learning rate{same}; η is not in it"
    return f"makes an update that goes with η to the power {power + 1} instead of η"


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    scale = float(np.max(np.abs(b), initial=0))
    return bool(np.all(np.abs(a - b) <= 1e-5 * scale))


def _unexplained(view: View) -> Finding:
    return Finding("unexplained", view.tensor, f"none of the usual mistakes explains it: {view.worst()}", 0.9)
