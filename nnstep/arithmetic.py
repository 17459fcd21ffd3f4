"""The arithmetic of one number: which terms it is the sum of, and in which step each of their factors can be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nnstep.layers import ActivationLayer, AffineLayer, Array
from nnstep.stepping import Frame
from nnstep.tensors import kept_symbol, symbol_of, tensor_of

MOST_TERMS = 40
Index = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """One number of a sample's pass.

    Attributes:
        step: the index of the step.
        key: of which tensor, as `tensors_of` names it.
        index: which element, with all axes; () for E.
    """

    step: int
    key: str
    index: Index


@dataclass(frozen=True, slots=True)
class Factor:
    """What a term is the product of.

    Attributes:
        text: its name, such as `X[17]` or `W[17,3]`.
        value: the number.
        place: where it can be seen, always in the same step; None for constants such as η.
    """

    text: str
    value: float
    place: Place | None


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a sum.

    Attributes:
        factors: what it is made of.
        value: what it adds.
        text: how it is written in numbers, such as `0.31·(−0.02)`.
    """

    factors: tuple[Factor, ...]
    value: float
    text: str


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
        note: a sentence on a number that no formula is known for; else empty.
    """

    place: Place
    name: str
    formula: str
    value: float
    values: Array
    terms: tuple[Term, ...] = ()
    source: Place | None = None
    note: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Sum:
    """A formula with all that its terms add, and a way to write one of them out by its number."""

    formula: str
    values: Array
    term: Callable[[int], Term]


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
    if found is None:
        method = "forward_propagation" if frame.step.phase == "forward" else "backward_propagation"
        what = f"{method} of {frame.step.name}" if layer is not None else frame.step.name
        return Arithmetic(
            place, name, name, value, np.zeros(0), note=f"Computed by {what}: no formula is known for it."
        )
    order = np.argsort(-np.nan_to_num(np.abs(found.values), nan=np.inf), kind="stable")
    terms = tuple(found.term(int(number)) for number in order[:MOST_TERMS])
    return Arithmetic(place, name, f"{name} = {found.formula}", value, found.values[order], terms)


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
        note = "A pixel of the digit, divided by 255."
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
    from nnstep import layer_arithmetic, loss_arithmetic, optimizer_arithmetic  # these are made of what is below

    group, _, parameter = place.key.partition(".")
    if frame.step.phase == "loss":
        if "mean squared error" not in frame.step.name or frame.target is None:
            return loss_arithmetic.formula(frame, place)
        return _loss(frame) if group == "output" else _loss_gradient(frame, place)
    if frame.step.phase == "backward" and not frame.rule.plain and group in ("update", "after", "state_after"):
        return optimizer_arithmetic.formula(frame, place)
    if group in ("update", "after"):
        return _update(frame, place, parameter)
    if (found := layer_arithmetic.formula(frame, layer, place)) is not None:
        return found
    if isinstance(layer, AffineLayer) and group in ("output", "input_gradient", "gradients"):
        rules = {"output": _affine_output, "input_gradient": _affine_input_gradient, "gradients": _affine_gradient}
        return rules[group](frame, place)
    if isinstance(layer, ActivationLayer):
        return _activation(frame, layer, place)
    if group == "gradients" and frame.derived:
        return _derived_gradient(frame, place, parameter)
    return None


def _affine_output(frame: Frame, place: Place) -> Sum:
    """Y[r,j] = Σᵢ X[r,i] W[i,j] + b[j]."""
    (row, j), X, W, b = place.index, frame.input, frame.before["weights"], frame.before["bias"]
    products = X[row] * W[:, j]

    def term(i: int) -> Term:
        if i == len(products):
            return term_of(place, ("before.bias", (j,), frame))
        return term_of(place, ("input", (row, i), frame), ("before.weights", (i, j), frame))

    x, out = _row(X, row, "i"), f"b[{j}]"
    return Sum(f"Σᵢ X{x}·W[i,{j}] + {out}", np.append(products, b[j]), term)


def _affine_input_gradient(frame: Frame, place: Place) -> Sum:
    """dE/dX[r,i] = Σⱼ dE/dY[r,j] W[i,j], with the weights before the update."""
    (row, i), W, dE_dY = place.index, frame.before["weights"], frame.output_gradient
    assert dE_dY is not None

    def term(j: int) -> Term:
        return term_of(place, ("output_gradient", (row, j), frame), ("before.weights", (i, j), frame))

    return Sum(f"Σⱼ dE/dY{_row(dE_dY, row, 'j')}·W[{i},j]", dE_dY[row] * W[i], term)


def _affine_gradient(frame: Frame, place: Place) -> Sum:
    """dE/dW[i,j] = Σ X[r,i] dE/dY[r,j] and dE/db[j] = Σ dE/dY[r,j], over the rows of the batch."""
    dE_dY, X, many = frame.output_gradient, frame.input, len(frame.input) > 1
    assert dE_dY is not None
    if place.key == "gradients.bias":
        (j,) = place.index
        formula = f"Σᵣ dE/dY[r,{j}]" if many else f"dE/dY[{j}]"
        return Sum(formula, dE_dY[:, j], lambda row: term_of(place, ("output_gradient", (row, j), frame)))
    i, j = place.index

    def term(row: int) -> Term:
        return term_of(place, ("input", (row, i), frame), ("output_gradient", (row, j), frame))

    formula = f"Σᵣ X[r,{i}]·dE/dY[r,{j}]" if many else f"X[{i}]·dE/dY[{j}]"
    return Sum(formula, X[:, i] * dE_dY[:, j], term)


def _derived_gradient(frame: Frame, place: Place, parameter: str) -> Sum:
    """dE/dP = (P before − P after)/η, of a layer that does not name its gradients."""
    index, rate, symbol = place.index, frame.learning_rate, symbol_of(parameter)
    before, after = float(frame.before[parameter][index]), float(frame.after[parameter][index])
    pair = [Factor(name_of(frame, f"{group}.{parameter}", index), v, Place(place.step, f"{group}.{parameter}", index))
            for group, v in (("before", before), ("after", after))]  # fmt: skip
    value = (before - after) / rate
    text = f"({short(before)} − {in_product(after)})/{short(rate)}"
    at = _subscript(frame.before[parameter], index)
    formula = f"({symbol}{at} before − {symbol}{at} after)/η"
    return Sum(formula, np.array([value]), lambda _: Term((*pair, Factor("η", rate, None)), value, text))


def _update(frame: Frame, place: Place, parameter: str) -> Sum:
    """ΔW = −η dE/dW, and W after = W before − η dE/dW."""
    index, rate = place.index, frame.learning_rate
    gradient = frame.gradients.get(parameter)
    slope = 0.0 if gradient is None else float(gradient[index])
    factors = (Factor("−η", -rate, None), factor_of(place, (f"gradients.{parameter}", index, frame)))
    step = Term(factors, -rate * slope, _product(factors))
    formula = f"−η·{factors[1].text}"
    if place.key.startswith("update"):
        return Sum(formula, np.array([step.value]), lambda _: step)
    kept = term_of(place, (f"before.{parameter}", index, frame))
    terms = (kept, step)
    formula = f"{kept.factors[0].text} − η·{factors[1].text}"
    return Sum(formula, np.array([kept.value, step.value]), lambda number: terms[number])


def _activation(frame: Frame, layer: ActivationLayer, place: Place) -> Sum:
    """Y[j] = f(X[j]), and dE/dX[j] = dE/dY[j] f′(X[j])."""
    index, name = place.index, layer.activation.name
    x = factor_of(place, ("input", index, frame))
    if place.key == "output":
        assert frame.output is not None
        y = float(frame.output[index])
        return Sum(f"{name}({x.text})", np.array([y]), lambda _: Term((x,), y, f"{name}({short(x.value)})"))
    above = factor_of(place, ("output_gradient", index, frame))
    one = np.full((1, 1), x.value, frame.input.dtype)
    slope = float(layer.activation.derivative(one)[0, 0])
    derivative = Factor(f"{name}′({x.text})", slope, x.place)
    written = _slope_in_numbers(name, float(layer.activation.function(one)[0, 0]), x.value, slope)
    term = Term((above, derivative), above.value * slope, f"{in_product(above.value)}·{written}")
    return Sum(f"{above.text}·{derivative.text}", np.array([term.value]), lambda _: term)


def _slope_in_numbers(name: str, y: float, x: float, slope: float) -> str:
    """f′(x) as it is worked out by hand, where that is short."""
    if name == "tanh":
        return f"(1 − {in_product(y)}²)"
    if name == "sigmoid":
        return f"{short(y)}·(1 − {short(y)})"
    return short(slope) if name in ("relu", "identity") else f"{name}′({short(x)})"


def _loss(frame: Frame) -> Sum:
    """E = Σ (y − ŷ)²/n over all n elements."""
    y, y_hat = frame.target, frame.input
    assert y is not None
    n = y.size

    def term(number: int) -> Term:
        index = tuple(int(i) for i in np.unravel_index(number, y.shape))
        pair = _targets(frame, index)
        text = f"({short(pair[0].value)} − {in_product(pair[1].value)})²/{n}"
        return Term(pair, (pair[0].value - pair[1].value) ** 2 / n, text)

    return Sum(f"Σⱼ (y[j] − ŷ[j])²/{n}", ((y - y_hat) ** 2 / n).ravel(), term)


def _loss_gradient(frame: Frame, place: Place) -> Sum:
    """dE/dŷ[j] = −2 (y[j] − ŷ[j])/n."""
    pair, n = _targets(frame, place.index), frame.input.size
    value = -2 * (pair[0].value - pair[1].value) / n
    text = f"−2·({short(pair[0].value)} − {in_product(pair[1].value)})/{n}"
    term = Term(pair, value, text)
    return Sum(f"−2·({pair[0].text} − {pair[1].text})/{n}", np.array([value]), lambda _: term)


def _targets(frame: Frame, index: Index) -> tuple[Factor, Factor]:
    step = frame.step.index
    here = Place(step, "input", index)
    return (
        factor_of(Place(step, "target", index), ("target", index, frame)),
        Factor(name_of(frame, "input", index), float(frame.input[index]), here),
    )


Source = tuple[str, Index, Frame]


def term_of(place: Place, *sources: Source) -> Term:
    """The product of numbers of one step, each given by its tensor's key, its index and the step's frame."""
    factors = tuple(factor_of(place, source) for source in sources)
    value = float(np.prod([factor.value for factor in factors]))
    return Term(factors, value, _product(factors))


def factor_of(place: Place, source: Source) -> Factor:
    """One number of a step, with its name and its place."""
    key, index, frame = source
    array = tensor_of(frame, key)
    value = 0.0 if array is None else float(array[index])
    return Factor(name_of(frame, key, index), value, Place(place.step, key, index))


def _product(factors: Sequence[Factor]) -> str:
    return "·".join(in_product(factor.value) for factor in factors)


def in_product(value: float) -> str:
    """A number as it stands behind a sign: negative ones in brackets."""
    text = short(value)
    return f"({text})" if text.startswith("−") else text


def name_of(frame: Frame, key: str, index: Index) -> str:
    """Symbol and subscript, such as `W[17,3]`; a batch of one row has no row in its subscripts."""
    group, _, parameter = key.partition(".")
    loss = frame.step.phase == "loss"
    if parameter:
        if group in ("details", "state", "state_after"):
            return kept_symbol(key) + (_subscript(tensor_of(frame, key), index) if index else "")
        symbol = symbol_of(parameter)
        array = frame.before[parameter]
        prefix = {"gradients": "dE/d", "update": "Δ"}.get(group, "")
        suffix = " after" if group == "after" else ""
        return f"{prefix}{symbol}{_subscript(array, index)}{suffix}"
    symbols = {
        "input": "ŷ" if loss else "X",
        "output": "E" if loss else "Y",
        "target": "y",
        "output_gradient": "dE/dY",
        "input_gradient": "dE/dŷ" if loss else "dE/dX",
    }
    return symbols[group] + (_subscript(tensor_of(frame, key), index) if index else "")


def _subscript(array: Array | None, index: Index) -> str:
    shown = index[1:] if array is not None and array.ndim > 1 and array.shape[0] == 1 else index
    return f"[{','.join(map(str, shown))}]" if shown else ""


def _row(array: Array, row: int, letter: str) -> str:
    return f"[{letter}]" if len(array) == 1 else f"[{row},{letter}]"


def short(value: float) -> str:
    """A number with four significant digits."""
    if not np.isfinite(value):
        return "NaN" if value != value else "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    text = f"{value:.4g}" if 1e-3 <= abs(value) < 1e4 else f"{value:.3e}"
    return text.replace("-", "−")
