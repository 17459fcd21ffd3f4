"""The arithmetic of one number that an optimizer made: an update, a parameter after it, or what is kept."""

from __future__ import annotations

import numpy as np

from nnstep.optimizers import EPSILON, FIRST, MOMENTUM, SECOND, SQUARES, clipping
from nnstep.stepping import Frame
from nnstep.terms import Factor, Place, Sum, Term, factor_of, in_product, product, short, term_of


def formula(frame: Frame, place: Place) -> Sum | None:
    """The sum that an update, a parameter after it, or a moment after it is."""
    group, _, name = place.key.partition(".")
    if frame.rule.plain:
        return _plain(frame, place, name)
    if group == "state_after":
        return _kept(frame, place, name)
    steps = _steps(frame, place, name)
    if group == "after":
        before = term_of(place, (f"before.{name}", place.index, frame))
        return _sum(f"{before.factors[0].text} − {TEXTS[frame.rule.name].removeprefix('−')}", [before, *steps])
    return _sum(TEXTS[frame.rule.name], steps)


def _plain(frame: Frame, place: Place, parameter: str) -> Sum:
    """ΔW = −η dE/dW, and W after = W before − η dE/dW."""
    index, rate = place.index, frame.learning_rate
    gradient = frame.gradients.get(parameter)
    slope = 0.0 if gradient is None else float(gradient[index])
    factors = (Factor("−η", -rate, None), factor_of(place, (f"gradients.{parameter}", index, frame)))
    step = Term(factors, -rate * slope, product(factors))
    formula = f"−η·{factors[1].text}"
    if place.key.startswith("update"):
        return Sum(formula, np.array([step.value]), lambda _: step)
    kept = term_of(place, (f"before.{parameter}", index, frame))
    terms = (kept, step)
    formula = f"{kept.factors[0].text} − η·{factors[1].text}"
    return Sum(formula, np.array([kept.value, step.value]), lambda number: terms[number])


TEXTS = {
    "sgd": "−η·g",
    "momentum": "−η·V",
    "nesterov": "−η·(g + 0.9·V)",
    "rmsprop": "−η·g/(√S + 1e−8)",
    "adam": "−η·m̂/(√v̂ + 1e−8)",
    "adamw": "−η·m̂/(√v̂ + 1e−8) − η·λ·W",
}


def _steps(frame: Frame, place: Place, name: str) -> list[Term]:
    """What is added to one element of a parameter."""
    rule, index, rate = frame.rule, place.index, Factor("−η", -frame.learning_rate, None)
    kept = {slot: f"state_after.{name}.{slot}" for slot in ("velocity", "squares", "mean")}
    if rule.name == "sgd":
        return [_times(term, rate) for term in _gradient(frame, place, name)]
    if rule.name == "momentum":
        return [_times(term_of(place, (kept["velocity"], index, frame)), rate)]
    if rule.name == "nesterov":
        ahead = _times(term_of(place, (kept["velocity"], index, frame)), rate, _constant(MOMENTUM))
        return [*(_times(term, rate) for term in _gradient(frame, place, name)), ahead]
    squares, seen = float(frame.state_after[f"{name}.squares"][index]), Place(place.step, kept["squares"], index)
    if rule.name == "rmsprop":
        over = Factor("1/(√S + 1e−8)", 1 / (float(np.sqrt(squares)) + EPSILON), seen)
        return [_times(term, rate, over) for term in _gradient(frame, place, name)]
    t = float(frame.state_after["updates"])
    first = Factor(f"1/(1 − 0.9^{t:g})", 1 / (1 - FIRST**t), None)
    over = Factor("1/(√v̂ + 1e−8)", 1 / (float(np.sqrt(squares / (1 - SECOND**t))) + EPSILON), seen)
    steps = [_times(term_of(place, (kept["mean"], index, frame)), rate, first, over)]
    if rule.name == "adamw" and rule.weight_decay:
        decay = _constant(rule.weight_decay, "λ")
        steps.append(_times(term_of(place, (f"before.{name}", index, frame)), rate, decay))
    return steps


def _kept(frame: Frame, place: Place, name: str) -> Sum | None:
    """A velocity or a moment after the step."""
    parameter, _, slot = name.rpartition(".")
    if not parameter:
        before = term_of(place, (f"state.{name}", place.index, frame))
        return _sum("one more", [before, Term((_constant(1.0),), 1.0, "1")])
    gradient = _gradient(frame, Place(place.step, place.key, place.index), parameter)
    before = term_of(place, (f"state.{name}", place.index, frame))
    if slot == "velocity":
        return _sum("0.9·V + g", [_times(before, _constant(MOMENTUM)), *gradient])
    if slot == "mean":
        return _sum("0.9·M + 0.1·g", [_times(before, _constant(FIRST)), *(_times(g, _constant(0.1)) for g in gradient)])
    share = SQUARES if frame.rule.name == "rmsprop" else SECOND
    g = sum(term.value for term in gradient)
    square = Term(gradient[0].factors, (1 - share) * g * g, f"{short(1 - share)}·{in_product(g)}²")
    return _sum(f"{share:g}·S + {short(1 - share)}·g²", [_times(before, _constant(share)), square])


def _gradient(frame: Frame, place: Place, name: str) -> list[Term]:
    """What g is: dE/dW, shortened where it is clipped, and λ W with weight decay."""
    rule, index = frame.rule, place.index
    factor = clipping(frame.gradients, rule.clip_norm)
    slope = term_of(place, (f"gradients.{name}", index, frame))
    terms = [_times(slope, _constant(factor, "clipping")) if factor != 1 else slope]
    if rule.weight_decay and rule.name != "adamw":
        terms.append(_times(term_of(place, (f"before.{name}", index, frame)), _constant(rule.weight_decay, "λ")))
    return terms


def _times(term: Term, *more: Factor) -> Term:
    value = term.value * float(np.prod([factor.value for factor in more]))
    text = "·".join([*(in_product(factor.value) for factor in more), term.text])
    return Term((*term.factors, *more), value, text)


def _constant(value: float, name: str = "") -> Factor:
    return Factor(name or f"{value:g}", value, None)


def _sum(text: str, terms: list[Term]) -> Sum:
    return Sum(text, np.array([term.value for term in terms]), lambda number: terms[number])
