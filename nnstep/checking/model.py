"""What a layer computes, found out from its outputs: element by element, affine, affine with an activation, softmax."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nnstep.checking.known import IDENTITY, Known, recognise
from nnstep.checking.places import Anything, Path, at
from nnstep.checking.subject import Floats, Subject

SMALL = 1e-5


@dataclass(frozen=True, eq=False, slots=True)
class Model:
    """The form of a layer's forward.

    Attributes:
        kind: `elementwise`, `affine` (an activation may follow), `softmax` or `other`.
        activation: f, where it is a known one; for an affine layer without one the identity.
        weights: where W is held, for an affine layer.
        transposed: W is (outputs, inputs).
        bias: where b is held; None where there is none.
    """

    kind: str
    activation: Known | None = None
    weights: Path | None = None
    transposed: bool = False
    bias: Path | None = None

    @property
    def fused(self) -> bool:
        """An affine layer with an activation of its own."""
        return self.kind == "affine" and self.activation is not IDENTITY

    def W(self, arrays: dict[Path, Anything]) -> Floats:
        """The weights as (inputs, outputs)."""
        assert self.weights is not None
        array = arrays[self.weights].astype(np.float64)
        return array.T if self.transposed else array

    def oriented(self, gradient: Floats) -> Floats:
        """A gradient by (inputs, outputs) the way round that the layer holds W."""
        return gradient.T if self.transposed else gradient

    def z(self, X: Floats, arrays: dict[Path, Anything]) -> Floats:
        """X W + b, flat."""
        z: Floats = X.reshape(-1) @ self.W(arrays)
        return z if self.bias is None else z + arrays[self.bias].astype(np.float64).reshape(-1)


def find_model(subject: Subject, held: Iterable[Path], inputs: Sequence[Floats]) -> Model:
    """Tries the forms on a layer's outputs.

    Args:
        subject: the layer.
        held: the arrays that forward depends on.
        inputs: what to try.
    """
    x = np.stack([X.reshape(-1) for X in inputs])
    y = np.stack([subject.output(subject.fresh(), X).reshape(-1) for X in inputs])
    if not np.all(np.isfinite(y)):
        return Model("other")
    trial = subject.fresh()
    arrays = {path: np.asarray(at(trial, path)) for path in held}
    affine = _find_affine(arrays, x, y)
    if affine:
        return affine
    if x.shape != y.shape:
        return Model("other")
    if x.shape[1] > 1 and all(np.allclose(b, softmax(a), rtol=1e-6, atol=1e-9) for a, b in zip(x, y, strict=True)):
        return Model("softmax")
    if is_elementwise(subject, inputs[0]):
        return Model("elementwise", recognise(x.reshape(-1), y.reshape(-1)) if not arrays else None)
    return Model("other")


def _find_affine(arrays: dict[Path, Anything], x: Floats, y: Floats) -> Model | None:
    inputs, outputs = x.shape[1], y.shape[1]
    for weights, W in arrays.items():
        for transposed in (False, True):
            if W.ndim != 2 or W.shape != ((outputs, inputs) if transposed else (inputs, outputs)):
                continue
            product = x @ (W.T if transposed else W).astype(np.float64)
            for bias in [path for path in arrays if path != weights] + [None]:
                b = np.zeros(1) if bias is None else arrays[bias].astype(np.float64).reshape(-1)
                known = recognise((product + b).reshape(-1), y.reshape(-1)) if b.size in (1, outputs) else None
                if known:
                    return Model("affine", known, weights, transposed, bias)
    return None


def is_elementwise(subject: Subject, X: Floats) -> bool:
    """Each output depends on the input at its own place alone."""
    x = X.reshape(-1)
    first = subject.output(subject.fresh(), X).reshape(-1)
    for odd in (0, 1):
        changed = x.copy()
        changed[odd::2] *= 0.7
        second = subject.output(subject.fresh(), changed.reshape(X.shape)).reshape(-1)
        if len(second) != len(first) or not np.array_equal(first[1 - odd :: 2], second[1 - odd :: 2]):
            return False
    return True


def slope_at(subject: Subject, points: Floats) -> Floats:
    """f′ of an elementwise layer at any points, measured, in the points' own shape."""
    size = SMALL * np.maximum(1.0, np.abs(points))
    high = subject.output(subject.fresh(), points + size).reshape(points.shape)
    low = subject.output(subject.fresh(), points - size).reshape(points.shape)
    slope: Floats = (high - low) / (2 * size)
    return slope


def softmax(x: Floats) -> Floats:
    """Softmax of a flat array."""
    e = np.exp(x - np.max(x))
    y: Floats = e / e.sum()
    return y
