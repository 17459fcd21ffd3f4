"""Which network of a framework is like a student's: by what its layers and its loss compute, else by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnstep.adapting import HomeworkStack
from nnstep.affine_form import AffineForm
from nnstep.copies import copied
from nnstep.errors import NnstepError
from nnstep.frameworks.base import Blueprint
from nnstep.frameworks.naming import Naming
from nnstep.frameworks.twin import Twin
from nnstep.holdings import attributes_of
from nnstep.layers import ACTIVATIONS, ActivationLayer, AffineLayer, Array, Layer, SoftmaxLayer
from nnstep.losses import LOSSES
from nnstep.parameters import Path, arrays_of, put_array
from nnstep.recognized import agree
from nnstep.stack import Arrays
from nnstep.student_layer import StudentLayer
from nnstep.student_weights import form_of

SAME = 1e-6
TAKEN = "affine layers, the activations of --layers, softmax"


def student_twin(stack: HomeworkStack, inputs: int, batch_size: int) -> Twin:
    """The twin of a student's network; its parameters as they are now are what the framework starts with.

    Args:
        stack: the student's layers.
        inputs: how many numbers a sample has.
        batch_size: how many samples go through it at a time.

    Raises:
        NnstepError: a layer or the loss has no counterpart in a framework.
    """
    layers, names, frozen, notes = known_layers(stack)
    loss, factor = _loss(stack, batch_size, notes)
    blueprint = Blueprint(layers, loss, (inputs,), stack.rule, _dtype_of(stack), factor, frozen)
    return Twin(blueprint, names, tuple(notes))


def known_layers(
    stack: HomeworkStack,
) -> tuple[list[Layer], list[Mapping[str, Naming]], frozenset[tuple[int, str]], list[str]]:
    """The layers of nnstep that a student's are, or are taken for, with their parameters as they are now.

    Returns:
        The layers, what the student calls their parameters, which parameters never learn, and what to say of it all.

    Raises:
        NnstepError: a layer has no counterpart.
    """
    layers: list[Layer] = []
    names: list[Mapping[str, Naming]] = []
    notes: list[str] = []
    frozen: set[tuple[int, str]] = set()
    dtype = _dtype_of(stack)
    for index, layer in enumerate(stack.layers):
        if isinstance(layer, Layer):
            found, naming = layer, {name: Naming(name, array.shape) for name, array in layer.parameters.items()}
        elif stack.parameters_of(index):
            found, naming = _affine(stack, index, dtype, notes)
            if "bias" not in naming:
                frozen.add((index, "bias"))
        else:
            found, naming = _activation(stack, index, notes), {}
        layers.append(found)
        names.append(naming)
    return layers, names, frozenset(frozen), notes


def _dtype_of(stack: HomeworkStack) -> np.dtype[Any]:
    kinds = {array.dtype for index in range(len(stack.layers)) for array in stack.parameters_of(index).values()}
    return np.dtype(np.float32 if np.dtype(np.float32) in kinds else np.float64)


def _affine(
    stack: HomeworkStack, index: int, dtype: np.dtype[Any], notes: list[str]
) -> tuple[AffineLayer, dict[str, Naming]]:
    """The affine layer that a student's layer is, or is taken for, with its parameters."""
    arrays, name = stack.parameters_of(index), stack.names[index]
    form = form_of(stack, index)
    if form is None or form.bias is None:
        kept = _kept_bias(stack, index)
        arrays = {**arrays, **kept}
        form = (form_of(stack, index, arrays) if kept else None) or form
    if form is None:
        form = _form_by_shapes(stack.layers[index], arrays)
        if form is None:
            raise NnstepError(
                f"{name} computes nothing that a framework's layer is known to compute", f"Known are {TAKEN}"
            )
        notes.append(f"{name} does not compute X W + b; it is compared with an affine layer, as its arrays look")
    W = form.W(arrays)
    inputs, outputs = W.shape
    layer = AffineLayer(inputs, outputs, dtype=dtype)
    layer.weights[...], layer.bias[...] = W, form.b(arrays)
    naming = {"weights": Naming(form.weights, arrays[form.weights].shape, form.transposed)}
    if form.bias is None:
        notes.append(f"{name} has no bias that learns; it is compared with a layer that has none")
    else:
        naming["bias"] = Naming(form.bias, arrays[form.bias].shape)
        if form.bias not in stack.parameters_of(index):
            notes.append(f"{name} adds its {form.bias}, but never updates it; it is compared with one that learns")
    return layer, naming


def _kept_bias(stack: HomeworkStack, index: int) -> dict[str, Array]:
    """The array that a layer adds to its output and that no backward call changes, by its name; empty where none is."""
    layer = stack.layers[index]
    assert isinstance(layer, StudentLayer)
    X = np.random.default_rng(0).uniform(-1, 1, (1, int(np.prod(layer.shape))))
    for path, array in arrays_of(layer.original).items():
        if path in layer.paths.values() or array.size != np.prod(layer.output_shape or (0,)):
            continue
        more = np.random.default_rng(1).uniform(0.25, 1, array.shape)

        def outputs(path: Path = path, array: Array = array, more: Array = more) -> list[Array]:
            found = []
            for value in (array, array + more):
                trial = copied(layer)
                put_array(trial.original, path, value)
                found.append(trial.forward_propagation(X))
            return found

        try:
            without, added = stack.guard(outputs)
        except NnstepError:
            continue
        if np.allclose(added - without, more.reshape(1, -1), atol=1e-6):
            return {"_".join(map(str, path)): array}
    return {}


def _form_by_shapes(layer: Any, arrays: Arrays) -> AffineForm | None:
    """Which array would be W, and which b, in a layer with so many inputs and outputs."""
    inputs, outputs = int(np.prod(layer.shape)), int(np.prod(layer.output_shape or (0,)))
    bias = next((name for name, array in arrays.items() if array.size == outputs), None)
    for name, array in arrays.items():
        if array.shape in ((inputs, outputs), (outputs, inputs)):
            return AffineForm(name, array.shape != (inputs, outputs), bias if bias != name else None)
    return None


def _activation(stack: HomeworkStack, index: int, notes: list[str]) -> Layer:
    """The activation that a student's layer without parameters is, or is called."""
    layer, name = stack.layers[index], stack.names[index]
    assert isinstance(layer, StudentLayer)
    X = np.random.default_rng(0).uniform(-3, 3, (1, int(np.prod(layer.shape))))
    Y = stack.guard(lambda: copied(layer).forward_propagation(X))
    known: dict[str, Layer] = {key: ActivationLayer(key) for key in ACTIVATIONS}
    known["softmax"] = SoftmaxLayer()
    for candidate in known.values():
        if agree(candidate.forward_propagation(X), Y):
            return candidate
    said = _words_of(layer.original)
    for key in sorted(known, key=len, reverse=True):
        if key in said:
            notes.append(f"{name} does not compute {key}; it is compared with {key}, as it is called")
            return known[key]
    raise NnstepError(f"{name} computes nothing that a framework's layer is known to compute", f"Known are {TAKEN}")


def _words_of(layer: object) -> str:
    """What a layer and its functions are called, in one text."""
    held = [
        value if isinstance(value, str) else getattr(value, "__name__", "") for value in attributes_of(layer).values()
    ]
    return " ".join([type(layer).__name__, *map(str, held)]).lower().replace("leakyrelu", "leaky_relu")


def _loss(stack: HomeworkStack, batch_size: int, notes: list[str]) -> tuple[str, float]:
    """The loss by nnstep's name, and what it is to be multiplied with."""
    loss = stack.loss
    for name, known in LOSSES.items():
        if known is loss:
            return name, 1.0
    rng, classes = np.random.default_rng(0), stack.classes
    y = np.eye(classes)[rng.integers(classes, size=(2, batch_size))]
    shares = rng.dirichlet(np.ones(classes), (2, batch_size))
    theirs = [stack.guard(lambda i=i: loss.function(y[i], shares[i])) for i in range(2)]  # type: ignore[misc]
    for name, known in LOSSES.items():
        factors = [theirs[i] / known.function(y[i], shares[i]) for i in range(2)]
        if factors[0] > 0 and abs(factors[0] - factors[1]) <= SAME * factors[0]:
            factor = 1.0 if abs(factors[0] - 1) <= SAME else factors[0]
            if factor != 1.0:
                notes.append(f"the loss is {factor:.6g} times {known.name}; theirs is multiplied with that")
            return name, factor
    if "mse" in loss.name.lower() or "squared" in loss.name.lower():
        notes.append(f"{loss.name} does not compute mean squared error; it is compared with that, as it is called")
        return "mse", 1.0
    raise NnstepError(
        f"the loss {loss.name} is none that a framework is known to have", f"Known are {', '.join(LOSSES)}"
    )
