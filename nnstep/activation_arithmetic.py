"""The arithmetic of one number of an activation: Y and dE/dX."""

from __future__ import annotations

import numpy as np

from nnstep.layers import Activation
from nnstep.stepping import Frame
from nnstep.terms import Factor, Place, Sum, Term, factor_of, in_product, short


def formula(frame: Frame, activation: Activation, place: Place) -> Sum:
    """Y[j] = f(X[j]), and dE/dX[j] = dE/dY[j] f′(X[j])."""
    index, name = place.index, activation.name
    x = factor_of(place, ("input", index, frame))
    if place.key == "output":
        assert frame.output is not None
        y = float(frame.output[index])
        return Sum(f"{name}({x.text})", np.array([y]), lambda _: Term((x,), y, f"{name}({short(x.value)})"))
    above = factor_of(place, ("output_gradient", index, frame))
    one = np.full((1, 1), x.value, frame.input.dtype)
    slope = float(activation.derivative(one)[0, 0])
    derivative = Factor(f"{name}′({x.text})", slope, x.place)
    written = _slope_in_numbers(name, float(activation.function(one)[0, 0]), x.value, slope)
    term = Term((above, derivative), above.value * slope, f"{in_product(above.value)}·{written}")
    return Sum(f"{above.text}·{derivative.text}", np.array([term.value]), lambda _: term)


def _slope_in_numbers(name: str, y: float, x: float, slope: float) -> str:
    """f′(x) as it is worked out by hand, where that is short."""
    if name == "tanh":
        return f"(1 − {in_product(y)}²)"
    if name == "sigmoid":
        return f"{short(y)}·(1 − {short(y)})"
    return short(slope) if name in ("relu", "leaky_relu", "identity") else f"{name}′({short(x)})"
