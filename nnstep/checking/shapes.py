"""Finds out which shape of sample each layer of a network takes, by trying."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnstep.checking.outside import Outside
from nnstep.checking.places import all_arrays, arrays_in, numbers_in
from nnstep.checking.subject import Shape
from nnstep.copies import copied
from nnstep.holdings import attributes_of
from nnstep.student_code import StudentCode
from nnstep.student_errors import StudentError

MOST_SIZES = 6
LARGEST_GUESS = 34
LARGEST_PICTURE = 17
GUESSING = 3.0
USUAL_SIZES = (784, 5)
DIMENSIONS = (
    "input_shape", "in_shape", "shape_in", "input_dim", "input_size", "in_features", "n_in", "inputs", "n_inputs",
    "in_dim", "fan_in",
)  # fmt: skip
RAISES_FORWARD, RAISES_BACKWARD, NO_ARRAY, PARAMETER_SHAPE, INPUT_SIZE, INPUT_SHAPE, SQUARE = 1000, 30, 20, 15, 8, 3, 12


@dataclass(frozen=True, slots=True)
class Fit:
    """How a row of layers takes a sample of a shape.

    Attributes:
        shapes: what each layer is given, as far as the layers went.
        penalty: how badly they take it; 0 is well.
    """

    shapes: tuple[Shape, ...]
    penalty: int


def sample_shapes(layers: list[Any], code: StudentCode) -> list[Shape]:
    """The shape of one sample for each layer, as the layers before it make it.

    Of all shapes that may be meant, the one is taken that the layers take best. A layer that cannot take what the
    layers before it give is given a shape that it can take.

    Raises:
        StudentError: one took more memory than there is; no other shape is tried then.
    """
    found: list[Shape] = []
    while len(found) < len(layers):
        rest = layers[len(found) :]
        best = _best(rest, candidates(rest, bool(found)), code)
        if best is None or best.penalty >= RAISES_FORWARD // 2:
            best = _better(best, _best(rest, guesses(), code, time.monotonic() + GUESSING))
        assert best is not None
        found += best.shapes
    return found[: len(layers)]


def _best(layers: list[Any], shapes: Iterable[Shape], code: StudentCode, end: float = np.inf) -> Fit | None:
    best: Fit | None = None
    for shape in shapes:
        best = _better(best, _try(layers, shape, code))
        if (best and best.penalty == 0) or time.monotonic() > end:
            break
    return best


def _better(one: Fit | None, other: Fit | None) -> Fit | None:
    """The one that layers take with the smaller penalty; the first where both are equal."""
    fits = [fit for fit in (one, other) if fit]
    return min(fits, key=lambda fit: (fit.penalty, -len(fit.shapes)), default=None)


def candidates(layers: list[Any], later: bool = False) -> Iterable[Shape]:
    """Shapes of samples that the first of some layers may take, the likeliest first."""
    shapes: list[Shape] = []
    sizes: list[int] = []
    for layer in layers[:1] if later else layers:
        told, near = _told(layer)
        shapes += told if layer is layers[0] else []
        sizes += near
        held = [*arrays_in(layer).values(), *all_arrays(layer), *numbers_in(layer).values()]
        held.sort(key=lambda array: -array.ndim)
        sizes += [size for array in held for size in array.shape]
        if sizes:
            break
    sizes = [*dict.fromkeys(s for s in sizes if s > 0)][:MOST_SIZES]
    sizes += [*(s - 1 for s in sizes if s > 1), *USUAL_SIZES]  # a bias may be one more row of the weights
    for size in sizes:
        shapes += [(1, size), (size,), (size, 1)]
    return dict.fromkeys([*shapes, (1, 28, 28), (28, 28), (1, 28, 28, 1), (1, 1, 28, 28)])


def guesses() -> Iterator[Shape]:
    """Shapes of small samples, and of small square pictures as rows, where nothing says what is meant."""
    for size in (*range(1, LARGEST_GUESS), *(k * k for k in range(6, LARGEST_PICTURE))):
        yield from ((1, size), (size,), (size, 1))


def _told(layer: Any) -> tuple[list[Shape], list[int]]:
    """What a layer's attributes say about its input: shapes and sizes."""
    held = attributes_of(layer)
    shapes: list[Shape] = []
    sizes: list[int] = []
    for name in DIMENSIONS:
        value = held.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 100_000:
            sizes.append(value)
        elif isinstance(value, tuple) and value and all(isinstance(v, int) and v > 0 for v in value):
            shapes += [value, (1, *value)]
    return shapes, sizes


def _try(layers: list[Any], shape: Shape, code: StudentCode) -> Fit:
    """Sends one sample through copies of layers, each forward and backward."""
    outside = Outside(layers)
    X = np.random.default_rng(3).uniform(0.2, 0.9, shape)
    shapes: list[Shape] = []
    penalty = 0
    for layer in layers:
        given: Shape = X.shape
        outside.restore()
        np.random.seed(0)
        random.seed(0)
        trial = copied(layer)
        try:
            Y = code.call("forward_propagation", trial.forward_propagation, X.copy())
        except StudentError as error:
            if "raised MemoryError" in error.message:
                raise
            if not shapes:
                return Fit((given,), RAISES_FORWARD)
            return Fit(tuple(shapes), penalty + RAISES_FORWARD // 2)
        shapes.append(given)
        kept = {path: array.shape for path, array in arrays_in(trial).items()}
        if not isinstance(Y, np.ndarray):
            penalty += NO_ARRAY
        try:
            Y = np.asarray(Y, dtype=np.float64)
        except (TypeError, ValueError):
            break
        penalty += _outcome(trial, X, Y, kept, code)
        X = Y
    outside.restore()
    return Fit(tuple(shapes), penalty)


def _outcome(trial: Any, X: Any, Y: Any, kept: dict[Any, Shape], code: StudentCode) -> int:
    """How badly one layer takes its sample."""
    penalty = 0
    if Y.ndim == 2 and min(Y.shape) > 1 and X.ndim <= 2 and max(X.shape) == X.size:
        penalty += SQUARE
    G = np.random.default_rng(4).uniform(0.2, 0.9, Y.shape)
    try:
        dX = code.call("backward_propagation", trial.backward_propagation, G, 0.125)
    except StudentError as error:
        shapes_differ = "raised ValueError" in error.message  # an error of another kind has nothing to do with shapes
        return penalty + RAISES_BACKWARD + shapes_differ
    if not isinstance(dX, np.ndarray):
        return penalty + NO_ARRAY
    if any(path in kept and kept[path] != array.shape for path, array in arrays_in(trial).items()):
        penalty += PARAMETER_SHAPE
    if dX.size != X.size:
        penalty += INPUT_SIZE
    elif dX.shape != X.shape:
        penalty += INPUT_SHAPE
    return penalty
