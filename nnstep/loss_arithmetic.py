"""The arithmetic of one number of a loss: mean squared error and the cross-entropies, and their gradients."""

from __future__ import annotations

import numpy as np

from nnstep.recognized import is_mean_squared_error
from nnstep.stepping import Frame
from nnstep.terms import Factor, Place, Sum, Term, factor_of, in_product, short


def formula(frame: Frame, place: Place) -> Sum | None:
    """The sum that E or an element of dE/dŷ is; None for a loss that is neither of these."""
    group = place.key
    if frame.target is None or group not in ("output", "input_gradient"):
        return None
    if "mean squared error" in frame.step.name or is_mean_squared_error(frame):
        return _squared(frame) if group == "output" else _squared_gradient(frame, place)
    if frame.step.name.endswith("softmax cross-entropy"):
        return _fused(frame) if group == "output" else _fused_gradient(frame, place)
    if frame.step.name.endswith("cross-entropy"):
        return _loss(frame) if group == "output" else _gradient(frame, place)
    return None


def _squared(frame: Frame) -> Sum:
    """E = Σ (y − ŷ)²/n over all n elements."""
    y, y_hat = frame.target, frame.input
    assert y is not None
    n = y.size

    def term(number: int) -> Term:
        index = tuple(int(i) for i in np.unravel_index(number, y.shape))
        pair = _pair(frame, index)
        text = f"({short(pair[0].value)} − {in_product(pair[1].value)})²/{n}"
        return Term(pair, (pair[0].value - pair[1].value) ** 2 / n, text)

    return Sum(f"Σⱼ (y[j] − ŷ[j])²/{n}", ((y - y_hat) ** 2 / n).ravel(), term)


def _squared_gradient(frame: Frame, place: Place) -> Sum:
    """dE/dŷ[j] = −2 (y[j] − ŷ[j])/n."""
    pair, n = _pair(frame, place.index), frame.input.size
    value = -2 * (pair[0].value - pair[1].value) / n
    text = f"−2·({short(pair[0].value)} − {in_product(pair[1].value)})/{n}"
    term = Term(pair, value, text)
    return Sum(f"−2·({pair[0].text} − {pair[1].text})/{n}", np.array([value]), lambda _: term)


def _loss(frame: Frame) -> Sum:
    """E = −Σ y log ŷ / batch, of the elements whose y is not 0."""
    y, y_hat, n = frame.target, frame.input, len(frame.input)
    assert y is not None
    at = [tuple(int(i) for i in index) for index in np.argwhere(y)]
    tiny = float(np.finfo(y_hat.dtype).tiny)
    values = np.array([-float(y[i]) * np.log(max(float(y_hat[i]), tiny)) / n for i in at])

    def term(number: int) -> Term:
        pair = _pair(frame, at[number])
        over = f"/{n}" if n > 1 else ""
        return Term(pair, float(values[number]), f"−{short(pair[0].value)}·log {short(pair[1].value)}{over}")

    return Sum("−Σⱼ y[j]·log ŷ[j]", values, term)


def _gradient(frame: Frame, place: Place) -> Sum:
    """dE/dŷ[j] = −y[j]/ŷ[j] / batch."""
    pair, n = _pair(frame, place.index), len(frame.input)
    value = -pair[0].value / max(pair[1].value, float(np.finfo(frame.input.dtype).tiny)) / n
    over = f"/{n}" if n > 1 else ""
    term = Term(pair, value, f"−{short(pair[0].value)}/{short(pair[1].value)}{over}")
    return Sum(f"−{pair[0].text}/{pair[1].text}{over}", np.array([value]), lambda _: term)


def _fused(frame: Frame) -> Sum:
    """E = Σ y (log Σ e^ŷ − ŷ) / batch, of the elements whose y is not 0."""
    y, y_hat, n = frame.target, frame.input, len(frame.input)
    assert y is not None
    at = [tuple(int(i) for i in index) for index in np.argwhere(y)]
    top = y_hat.max(axis=1)
    logarithms = np.log(np.exp(y_hat - top[:, None]).sum(axis=1)) + top
    values = np.array([float(y[i]) * float(logarithms[i[0]] - y_hat[i]) / n for i in at])

    def term(number: int) -> Term:
        pair, row = _pair(frame, at[number]), at[number][0]
        text = f"{short(pair[0].value)}·({short(float(logarithms[row]))} − {in_product(pair[1].value)})"
        return Term(pair, float(values[number]), text + (f"/{n}" if n > 1 else ""))

    return Sum("Σⱼ y[j]·(log Σₖ e^ŷ[k] − ŷ[j])", values, term)


def _fused_gradient(frame: Frame, place: Place) -> Sum:
    """dE/dŷ[j] = (e^ŷ[j]/Σ e^ŷ − y[j]) / batch."""
    (y, y_hat), n, row = _pair(frame, place.index), len(frame.input), frame.input[place.index[0]]
    share = float(np.exp(y_hat.value - row.max()) / np.exp(row - row.max()).sum())
    terms = (
        Term((y_hat,), share / n, f"{short(share)}" + (f"/{n}" if n > 1 else "")),
        Term((y,), -y.value / n, f"−{short(y.value)}" + (f"/{n}" if n > 1 else "")),
    )
    text = f"e^{y_hat.text}/Σₖ e^ŷ[k] − {y.text}"
    return Sum(text, np.array([term.value for term in terms]), lambda number: terms[number])


def _pair(frame: Frame, index: tuple[int, ...]) -> tuple[Factor, Factor]:
    step = frame.step.index
    target = factor_of(Place(step, "target", index), ("target", index, frame))
    return target, factor_of(Place(step, "input", index), ("input", index, frame))
