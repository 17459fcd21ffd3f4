"""The arithmetic of one number of an affine layer: outputs, dE/dX and the gradients of weights and bias."""

from __future__ import annotations

import numpy as np

from nnstep.affine_form import AffineForm
from nnstep.layers import Array
from nnstep.stepping import Frame
from nnstep.tensors import symbol_of
from nnstep.terms import Place, Sum, Term, name_of, term_of

OWN = AffineForm("weights", False, "bias")


def formula(frame: Frame, place: Place, form: AffineForm) -> Sum | None:
    """The sum that a number is; None for a gradient of a parameter that is neither weights nor bias."""
    rules = {"output": _output, "input_gradient": _input_gradient, "gradients": _gradient}
    return rules[place.key.partition(".")[0]](frame, place, form)


def _output(frame: Frame, place: Place, form: AffineForm) -> Sum:
    """Y[r,j] = Σᵢ X[r,i] W[i,j] + b[j]."""
    (row, j), X = place.index, frame.input
    products = X[row] * form.W(frame.before)[:, j]
    bias = form.bias

    def term(i: int) -> Term:
        if bias is not None and i == len(products):
            return term_of(place, (f"before.{bias}", form.bias_index(frame.before, j), frame))
        weight = (f"before.{form.weights}", form.weights_index(i, j), frame)
        return term_of(place, ("input", (row, i), frame), weight)

    formula = f"Σᵢ X{_row(X, row, 'i')}·{_weight(form, 'i', j)}"
    if bias is None:
        return Sum(formula, products, term)
    out = name_of(frame, f"before.{bias}", form.bias_index(frame.before, j))
    return Sum(f"{formula} + {out}", np.append(products, form.b(frame.before)[j]), term)


def _input_gradient(frame: Frame, place: Place, form: AffineForm) -> Sum:
    """dE/dX[r,i] = Σⱼ dE/dY[r,j] W[i,j], with the weights before the update."""
    (row, i), W, dE_dY = place.index, form.W(frame.before), frame.output_gradient
    assert dE_dY is not None

    def term(j: int) -> Term:
        weight = (f"before.{form.weights}", form.weights_index(i, j), frame)
        return term_of(place, ("output_gradient", (row, j), frame), weight)

    return Sum(f"Σⱼ dE/dY{_row(dE_dY, row, 'j')}·{_weight(form, i, 'j')}", dE_dY[row] * W[i], term)


def _gradient(frame: Frame, place: Place, form: AffineForm) -> Sum | None:
    """dE/dW[i,j] = Σ X[r,i] dE/dY[r,j] and dE/db[j] = Σ dE/dY[r,j], over the rows of the batch."""
    dE_dY, X, many = frame.output_gradient, frame.input, len(frame.input) > 1
    assert dE_dY is not None
    parameter = place.key.partition(".")[2]
    if parameter == form.bias:
        j = int(np.ravel_multi_index(place.index, frame.before[parameter].shape))
        formula = f"Σᵣ dE/dY[r,{j}]" if many else f"dE/dY[{j}]"
        return Sum(formula, dE_dY[:, j], lambda row: term_of(place, ("output_gradient", (row, j), frame)))
    if parameter != form.weights:
        return None
    i, j = place.index[::-1] if form.transposed else place.index

    def term(row: int) -> Term:
        return term_of(place, ("input", (row, i), frame), ("output_gradient", (row, j), frame))

    formula = f"Σᵣ X[r,{i}]·dE/dY[r,{j}]" if many else f"X[{i}]·dE/dY[{j}]"
    return Sum(formula, X[:, i] * dE_dY[:, j], term)


def _weight(form: AffineForm, i: object, j: object) -> str:
    first, second = (j, i) if form.transposed else (i, j)
    return f"{symbol_of(form.weights)}[{first},{second}]"


def _row(array: Array, row: int, letter: str) -> str:
    return f"[{letter}]" if len(array) == 1 else f"[{row},{letter}]"
