"""Weights files of students' layers: `weights` (inputs, outputs) and `bias`, whatever they are called there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnstep.adapting import HomeworkStack
from nnstep.affine_form import AffineForm, affine_form
from nnstep.copies import copied
from nnstep.errors import NnstepError
from nnstep.layers import Array
from nnstep.storage import Weights

MATRIX = ("weights", "weight", "w", "kernel")
VECTOR = ("bias", "biases", "b")


def canonical_parameters(stack: HomeworkStack) -> list[Mapping[str, Array]]:
    """The parameters as a weights file holds them, a mapping for each layer that has any.

    Those of an affine layer are called `weights` (inputs, outputs) and `bias` (outputs,); others keep name and shape.
    """
    found: list[Mapping[str, Array]] = []
    for index in range(len(stack.layers)):
        arrays = stack.parameters_of(index)
        if arrays:
            form = form_of(stack, index)
            found.append(arrays if form is None else _canonical(form, arrays))
    return found


def put_student_weights(stack: HomeworkStack, weights: Weights, path: str) -> None:
    """Copies weights into a student's network, after every one was found to fit, either way round.

    Raises:
        NnstepError: naming the layer and the array that does not fit, and both shapes.
    """
    layers = [index for index in range(len(stack.layers)) if stack.parameters_of(index)]
    if len(layers) != len(weights.arrays):
        raise NnstepError(
            f"{path}: expected weights for {len(layers)} layers with parameters, received {len(weights.arrays)}"
        )
    plan: list[dict[str, Array]] = []
    for index, arrays in zip(layers, weights.arrays, strict=True):
        form, live = form_of(stack, index), stack.parameters_of(index)
        label = stack.names[index]
        plan.append({name: _fitting(label, name, array, form, arrays, path) for name, array in live.items()})
    before = stack.snapshot()
    filled = {index: new for index, new in zip(layers, plan, strict=True)}
    stack.restore(tuple({**old, **filled.get(index, {})} for index, old in enumerate(before)))


def form_of(stack: HomeworkStack, index: int, arrays: Mapping[str, Array] | None = None) -> AffineForm | None:
    """How an affine layer holds W and b, found by running a copy of it; None for any other layer.

    `arrays` are what W and b may be among: the layer's parameters where none are given.
    """
    arrays = stack.parameters_of(index) if arrays is None else arrays
    matrix = next((array for array in arrays.values() if array.ndim == 2), None)
    if matrix is None:
        return None
    layer = stack.layers[index]
    shape = getattr(layer, "shape", None)
    sizes = [int(np.prod(shape))] if shape else list(matrix.shape)
    for inputs in sizes:
        X = np.random.default_rng(0).uniform(-1, 1, (1, inputs))
        try:
            Y = stack.guard(lambda X=X: copied(layer).forward_propagation(X))  # type: ignore[misc]
        except NnstepError:
            continue
        found = affine_form(X, Y, arrays)
        if found:
            return found
    return None


def _canonical(form: AffineForm, arrays: Mapping[str, Array]) -> dict[str, Array]:
    named = {"weights": np.ascontiguousarray(form.W(arrays))}
    if form.bias is not None:
        named["bias"] = form.b(arrays)
    taken = {form.weights, form.bias}
    return named | {name: array for name, array in arrays.items() if name not in taken}


def _fitting(
    layer: str, name: str, live: Array, form: AffineForm | None, arrays: Mapping[str, Array], path: str
) -> Array:
    """The array of a file that a parameter takes, in the parameter's shape and type."""
    known = {key.lower(): array for key, array in arrays.items()}
    if form and name == form.weights:
        found = next((known[key] for key in (name.lower(), *MATRIX) if key in known), None)
        inputs, outputs = form.W({name: live}).shape
        if found is not None and found.shape == (inputs, outputs):
            return _as(live, found.T if form.transposed else found)
        if found is not None and found.shape == (outputs, inputs):
            return _as(live, found if form.transposed else found.T)
    elif form and name == form.bias:
        found = next((known[key] for key in (name.lower(), *VECTOR) if key in known), None)
    else:
        found = arrays.get(name)
    if found is None:
        raise NnstepError(f"{path}: the {name} of {layer} are missing")
    if found.size != live.size or (found.shape != live.shape and live.size != max(live.shape)):
        raise NnstepError(f"{path}: {name} of {layer} expected shape {live.shape}, received {found.shape}")
    return _as(live, found.reshape(live.shape))


def _as(live: Array, array: Array) -> Array:
    kind = live.dtype if np.issubdtype(live.dtype, np.floating) else np.dtype(np.float64)
    return array.astype(kind)
