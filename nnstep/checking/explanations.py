"""Gradients as usual mistakes make them: candidates that a wrong gradient is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from nnstep.checking.activation_mistakes import Delta, deltas, pairs
from nnstep.checking.measuring import measure_input
from nnstep.checking.model import Model, softmax
from nnstep.checking.subject import Floats, Subject
from nnstep.checking.views import Candidate, Case, View


@dataclass(frozen=True, slots=True)
class Explanation:
    """A mistake, and the gradient that it makes.

    Attributes:
        id: of the finding.
        words: what the gradient is then, to go on after "your dE/dX is".
        candidate: computes it.
        confidence: how sure the cause is when the numbers fit.
    """

    id: str
    words: str
    candidate: Candidate
    confidence: float = 0.95


def explanations(subject: Subject, model: Model, view: View) -> Iterator[Explanation]:
    """The mistakes that could have made a gradient, the most specific first."""
    if view.path is None:
        yield Explanation(
            "updated-too-early", "the right one for the weights after the update", _too_early(subject), 0.97
        )
    if model.kind == "affine":
        if view.path is None:
            yield Explanation(
                "updated-too-early", "dE/dY times the weights after the update", _with_updated_weights(model), 0.97
            )
        for id, words, delta in deltas(subject, model):
            yield Explanation(id, words, _through(model, view, delta))
        yield from _affine_mistakes(model, view)
    elif model.kind == "elementwise" and view.path is None:
        for id, words, delta in deltas(subject, model):
            yield Explanation(id, words, delta)
        for id, words, delta in pairs(model):
            yield Explanation(id, words, delta, 0.85)
    elif model.kind == "softmax" and view.path is None:
        yield from _softmax_mistakes()
    yield from _transpositions(subject, model, view)


def by_theory(model: Model, view: View) -> Candidate | None:
    """The right gradient as the form of the layer gives it; None where the form is not known."""
    known = model.activation
    if known is None or model.kind not in ("affine", "elementwise"):
        return None
    if model.kind == "affine":
        return _through(model, view, lambda case: _delta(model, case))
    return lambda case: case.probe.G.reshape(-1) * known.derivative(case.probe.X.reshape(-1))


def _too_early(subject: Subject) -> Candidate:
    def candidate(case: Case) -> Floats:
        measured = measure_input(subject, case.probe.X, case.probe.G, case.run.layer, case.measured.at)
        full = np.full(case.probe.X.size, np.nan)
        full[measured.at] = measured.values
        return full

    return candidate


def _with_updated_weights(model: Model) -> Candidate:
    def candidate(case: Case) -> Floats | None:
        assert model.weights is not None
        if case.run.after[model.weights].shape != case.run.before[model.weights].shape:
            return None
        return (_delta(model, case) @ model.W(case.run.after).T).reshape(-1)

    return candidate


def _delta(model: Model, case: Case) -> Floats:
    """dE/dz of an affine layer with an activation, as it should be."""
    assert model.activation is not None
    slope = model.activation.derivative(model.z(case.probe.X, case.run.before))
    return case.probe.G.reshape(-1) * slope


def _through(model: Model, view: View, delta: Delta) -> Candidate:
    """The gradient of a tensor of an affine layer that follows from dE/dz."""

    def candidate(case: Case) -> Floats | None:
        d = delta(case)
        if d is None:
            return None
        if view.path is None:
            return (d @ model.W(case.run.before).T).reshape(-1)
        if view.path == model.weights:
            return model.oriented(np.outer(case.probe.X.reshape(-1), d))
        return d if view.path == model.bias and case.got.size == d.size else None

    return candidate


def _affine_mistakes(model: Model, view: View) -> Iterator[Explanation]:
    def x(case: Case) -> Floats:
        return case.probe.X.reshape(-1)

    def same(case: Case, reduce: Callable[..., Floats]) -> Floats:
        return np.full(case.measured.shape, reduce(_delta(model, case)))

    if view.path is not None and view.path == model.bias:
        yield Explanation("axis", "one number for all outputs, the sum over them", lambda c: same(c, np.sum))
        yield Explanation("axis", "one number for all outputs, the mean over them", lambda c: same(c, np.mean))
    if view.path == model.weights:
        outer = model.oriented
        if model.W(view.cases[0].run.before).shape[0] == view.cases[0].probe.G.size:
            yield Explanation(
                "transposed", "the transpose of the right one", lambda c: outer(np.outer(x(c), _delta(model, c))).T
            )
        for axis in (0, 1):
            for reduce in (np.sum, np.mean):
                yield Explanation(
                    "axis",
                    "reduced along one axis, so that all rows or columns are the same",
                    lambda c, axis=axis, reduce=reduce: _reduced(outer(np.outer(x(c), _delta(model, c))), axis, reduce),  # type: ignore[misc]
                )
        yield Explanation(
            "integer", "made with the input cut off to integers",
            lambda c: outer(np.outer(np.trunc(x(c)), _delta(model, c))),
        )  # fmt: skip
        yield Explanation(
            "integer", "made with dE/dY cut off to integers",
            lambda c: outer(np.outer(x(c), np.trunc(_delta(model, c)))),
        )  # fmt: skip
        for reduce, word in ((np.sum, "sum"), (np.mean, "mean")):
            yield Explanation(
                "axis", f"made with the {word} of dE/dY over all outputs",
                lambda c, r=reduce: outer(np.outer(x(c), np.full(c.probe.G.size, r(_delta(model, c))))),  # type: ignore[misc]
            )  # fmt: skip


def _reduced(gradient: Floats, axis: int, reduce: Callable[..., Floats]) -> Floats:
    return np.array(np.broadcast_to(reduce(gradient, axis=axis, keepdims=True), gradient.shape))


def _softmax_mistakes() -> Iterator[Explanation]:
    def made(formula: Callable[[Floats, Floats], Floats]) -> Candidate:
        return lambda c: formula(softmax(c.probe.X.reshape(-1)), c.probe.G.reshape(-1))

    def right(s: Floats, g: Floats) -> Floats:
        return s * (g - np.sum(g * s))

    yield Explanation("missing-derivative", "dE/dY without softmax's derivative", made(lambda s, g: g))
    yield Explanation(
        "doubled-derivative", "dE/dY times softmax's derivative twice", made(lambda s, g: right(s, right(s, g)))
    )  # noqa: E501
    yield Explanation(
        "derivative-at-output", "made with softmax's derivative at the output", made(lambda s, g: right(softmax(s), g))
    )  # noqa: E501
    yield Explanation(
        "wrong-activation-derivative", "dE/dY times s (1 − s), which leaves out how each output depends on the others",
        made(lambda s, g: g * s * (1 - s)), 0.9,
    )  # fmt: skip
    yield Explanation(
        "wrong-activation-derivative", "dE/dY times s, as if the sum below the line did not depend on the input",
        made(lambda s, g: g * s), 0.85,
    )  # fmt: skip
    yield Explanation(
        "mean-for-sum",
        "made with a mean where the sum of dE/dY · s belongs",
        made(lambda s, g: s * (g - np.mean(g * s))),
    )  # noqa: E501
    yield Explanation(
        "axis",
        "made with the sum of dE/dY instead of the sum of dE/dY · s",
        made(lambda s, g: s * (g - np.sum(g))),
        0.6,
    )  # noqa: E501


def _transpositions(subject: Subject, model: Model, view: View) -> Iterator[Explanation]:
    shape = view.cases[0].measured.shape
    if view.path is not None:
        if len(shape) == 2 and shape[0] == shape[1] and shape[0] > 1:
            yield Explanation("transposed", "the transpose of the measured one", _transpose)
        return
    if model.kind == "affine" and view.cases[0].probe.G.size == view.cases[0].probe.X.size:
        yield Explanation(
            "transposed", "made with the weights the other way round",
            lambda c: _delta(model, c) @ model.W(c.run.before),
        )  # fmt: skip
        yield Explanation(
            "transposed", "made with the weights the other way round, and those after the update",
            lambda c: _delta(model, c) @ model.W(c.run.after), 0.8,
        )  # fmt: skip
        return
    if model.kind == "other" and 1 < view.cases[0].probe.X.size == view.cases[0].probe.G.size <= 64:
        yield Explanation(
            "transposed", "made with the transpose of the layer's derivative", lambda c: _forward_jacobian(subject, c)
        )  # noqa: E501


def _transpose(case: Case) -> Floats | None:
    if not case.measured.complete or case.measured.left_out:
        return None
    return case.measured.values.reshape(case.measured.shape).T


def _forward_jacobian(subject: Subject, case: Case) -> Floats:
    """J·G, where J[i, j] = dY[i]/dX[j]: the directional derivative of the output along G."""
    X, G = case.probe.X, case.probe.G.reshape(case.probe.X.shape)
    high, low = (subject.output(subject.fresh(), X + sign * 1e-5 * G) for sign in (1, -1))
    return ((high - low) / 2e-5).reshape(-1)
