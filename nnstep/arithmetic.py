"""The arithmetic of one number: which terms it is the sum of, and in which step each of their factors can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnstep import (
    activation_arithmetic,
    affine_arithmetic,
    layer_arithmetic,
    loss_arithmetic,
    optimizer_arithmetic,
)
from nnstep.layers import ActivationLayer, AffineLayer, Array
from nnstep.recognized import NEAR, NEAR_SINGLE, activation_of, affine_of
from nnstep.stepping import Frame
from nnstep.tensors import symbol_of, tensor_of
from nnstep.terms import Factor, Place, Sum, Term, in_product, name_of, short, subscript

MOST_TERMS = 40


@dataclass(frozen=True, eq=False, slots=True)
class Arithmetic:
    """How one number came about.

    Attributes:
        place: which number.
        name: what it is called: `Y[17]`, `dE/dW[400,17]`, `E`.
        formula: the rule in symbols, such as `Y[17] = Σᵢ X[i]·W[i,17] + b[17]`.
        value: the number, as the frame holds it.
        values: (n,) what each term adds, the largest in magnitude first; empty for a number that is not computed here.
        terms: the first of these terms, 40 at most.
        source: where this very number was computed, for one that this step was given.
        note: a sentence on a number without terms; else empty.
    """

    place: Place
    name: str
    formula: str
    value: float
    values: Array
    terms: tuple[Term, ...] = ()
    source: Place | None = None
    note: str = ""


def explain(frames: Sequence[Frame], layers: Sequence[object], place: Place) -> Arithmetic:
    """Explains one number of a sample's pass.

    A number that the step was only given has a `source`, the step that computed it; a computed one has terms, whose
    factors are all in the same step. Following places and sources in turn leads from the loss to the pixels, and from
    a pixel's gradient to the loss.

    Args:
        frames: all frames of the sample.
        layers: the layers of the stack.
        place: which number.
    """
    frame = frames[place.step]
    array = tensor_of(frame, place.key)
    assert array is not None
    name, value = name_of(frame, place.key, place.index), float(array[place.index])
    given = _given(frames, place, name, value)
    if given:
        return given
    layer = None if frame.step.layer is None else layers[frame.step.layer]
    with np.errstate(all="ignore"):
        found = _computed(frame, layer, place)
    known = isinstance(layer, AffineLayer | ActivationLayer) or "mean squared error" in frame.step.name
    wrong = found is not None and not known and not _gives(found, frame, place, value)
    if found is not None and wrong and place.key.startswith("gradients") and frame.derived:
        found, wrong = _derived_gradient(frame, place, place.key.partition(".")[2]), False
    if found is None or wrong:
        method = "forward_propagation" if frame.step.phase == "forward" else "backward_propagation"
        what = f"{method} of {frame.step.name}" if layer is not None else frame.step.name
        says = "no formula is known for it."
        if found is not None:
            says = f"{found.formula} would give {short(float(found.values.sum()))}."
        return Arithmetic(place, name, name, value, np.zeros(0), note=f"Computed by {what}: {says}")
    order = np.argsort(-np.nan_to_num(np.abs(found.values), nan=np.inf), kind="stable")
    terms = tuple(found.term(int(number)) for number in order[:MOST_TERMS])
    note = "" if terms else "Nothing adds to it."
    return Arithmetic(place, name, f"{name} = {found.formula}", value, found.values[order], terms, note=note)


def _gives(found: Sum, frame: Frame, place: Place, value: float) -> bool:
    """The terms add up to the number, but for rounding; a derived gradient's is that of a difference over η."""
    group, _, parameter = place.key.partition(".")
    slack = 0.0
    if group == "gradients" and frame.derived:
        array = frame.before[parameter]
        digits = np.finfo(array.dtype).eps if array.dtype.kind == "f" else 1.0
        slack = 8 * float(digits) * float(np.max(np.abs(array), initial=0)) / frame.learning_rate
    scale = float(np.sum(np.abs(found.values)))
    near = NEAR_SINGLE if np.float32 in [a.dtype for a in (*frame.before.values(), frame.input)] else NEAR
    return not np.isfinite(value) or abs(float(found.values.sum()) - value) <= near * scale + slack


def _given(frames: Sequence[Frame], place: Place, name: str, value: float) -> Arithmetic | None:
    """A number that its step did not compute: where it came from."""
    frame, group, layer = frames[place.step], place.key.partition(".")[0], frames[place.step].step.layer
    nothing, source, note = np.zeros(0), None, ""
    if group == "target":
        note = "The target: 1 for the label, 0 for every other class."
    elif group in ("before", "state"):
        note = "As the samples before left it."
    elif group == "details" and frame.step.phase == "backward":
        source = Place(layer or 0, place.key, place.index)
    elif place.key == "details.mask":
        note = "Drawn at random: 0 for what is left out, 1 for the rest."
    elif group == "input" and layer == 0:
        note = "As the data has it; pixels from 0 to 255 are divided by 255."
    elif group == "input":
        source = Place((frame.count // 2 - 1 if layer is None else layer) - 1, "output", place.index)
    elif group == "output" and frame.step.phase == "backward" and layer is not None:
        source = Place(layer, "output", place.index)
    elif group == "output_gradient":
        source = Place(place.step - 1, "input_gradient", place.index)
    else:
        return None
    if source is None:
        return Arithmetic(place, name, name, value, nothing, note=note)
    made = frames[source.step]
    held = tensor_of(made, source.key)
    assert held is not None
    if not np.array_equal(held[source.index], value, equal_nan=True):
        return Arithmetic(place, name, name, value, nothing, note="Changed by you.")
    formula = f"{name} = {name_of(made, source.key, source.index)} of {made.step.name}"
    return Arithmetic(place, name, formula, value, nothing, source=source)


def _computed(frame: Frame, layer: object, place: Place) -> Sum | None:
    group, _, parameter = place.key.partition(".")
    if frame.step.phase == "loss":
        return loss_arithmetic.formula(frame, place)
    kept = group == "state_after" and frame.step.phase == "backward" and not frame.rule.plain
    if kept or group in ("update", "after"):
        return optimizer_arithmetic.formula(frame, place)
    if (own := layer_arithmetic.formula(frame, layer, place)) is not None:
        return own
    if group not in ("output", "input_gradient", "gradients"):
        return None
    form = affine_arithmetic.OWN if isinstance(layer, AffineLayer) else affine_of(frame)
    if form:
        found = affine_arithmetic.formula(frame, place, form)
        if found or not frame.derived:
            return found
    activation = layer.activation if isinstance(layer, ActivationLayer) else activation_of(frame)
    if activation and group in ("output", "input_gradient"):
        return activation_arithmetic.formula(frame, activation, place)
    if group == "gradients" and frame.derived:
        return _derived_gradient(frame, place, parameter)
    return None


def _derived_gradient(frame: Frame, place: Place, parameter: str) -> Sum:
    """dE/dP = (P before − P after)/η, of a layer that does not name its gradients."""
    index, rate, symbol = place.index, frame.learning_rate, symbol_of(parameter)
    before, after = float(frame.before[parameter][index]), float(frame.after[parameter][index])
    pair = [Factor(name_of(frame, f"{group}.{parameter}", index), v, Place(place.step, f"{group}.{parameter}", index))
            for group, v in (("before", before), ("after", after))]  # fmt: skip
    value = (before - after) / rate
    text = f"({short(before)} − {in_product(after)})/{short(rate)}"
    at = subscript(frame.before[parameter], index)
    formula = f"({symbol}{at} before − {symbol}{at} after)/η"
    return Sum(formula, np.array([value]), lambda _: Term((*pair, Factor("η", rate, None)), value, text))
