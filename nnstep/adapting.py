"""Puts a student's network together: finds out, by trying, which shapes its layers take and what they learn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from types import FunctionType
from typing import Any

import numpy as np

from nnstep.activations import activation_name
from nnstep.copies import copied
from nnstep.errors import NnstepError
from nnstep.homework import Homework
from nnstep.layers import ACTIVATIONS, ActivationLayer, AffineLayer, Array
from nnstep.losses import LOSSES
from nnstep.parameters import Path, array_at, arrays_of, matters, parameter_paths, same_random_numbers
from nnstep.samples import Dataset
from nnstep.stack import Arrays, Snapshot, Stack
from nnstep.student_errors import StudentError
from nnstep.student_layer import BACKWARD, FORWARD, Notes, Shape, StudentLayer
from nnstep.student_loss import adapted_loss
from nnstep.student_state import StateKeeper, changed_variables, going_on

TRIAL_RATE = 0.125
LARGEST_TRIED = 2**27
ABOUT_SHAPES = ("shape", "matmul", "dimension", "broadcast", "aligned", "size")


class HomeworkStack(Stack):
    """A stack of a student's layers.

    Args:
        homework: the student's network.
        data: what it shall take; its shapes must fit.

    Attributes:
        homework: where they come from.
        notes: what was noticed about them, shown once each.
        classes: how many outputs it gives.

    Raises:
        StudentError: a layer cannot be run with such samples.
        NnstepError: the network gives another number of outputs than there are classes.
    """

    def __init__(self, homework: Homework, data: Dataset) -> None:
        self.homework, self.notes = homework, Notes()
        self._data, self.classes = data, data.train.classes
        self._loading = homework.printed
        self._told: set[str] = set()
        for note in homework.notes:
            self.notes[note] = f"{homework.code.name}: {note}"
        code = homework.code
        layers, loss, paths = code.within(self._adapted)
        super().__init__(layers, loss)
        self.names = list(homework.names)
        self.guard = code.within
        own = [layer for layer in homework.layers if not _is_ours(layer)]
        self.keeper = StateKeeper(own, code.files, homework.modules, frozenset(paths), self._large) if own else None
        self._loaded = self.keeper.capture() if self.keeper else {}

    def take_over(self, old: Stack) -> None:
        """Goes on with the parameters of older code that has the same, and with what that keeps beside them."""
        snapshot = old.snapshot()
        self.restore(tuple(snapshot))
        if isinstance(old, HomeworkStack) and isinstance(snapshot, Snapshot) and self.keeper:
            self.keeper.restore(going_on(old._loaded, snapshot.state, self._loaded))

    def take_prints(self) -> str:
        """What the code printed since this was asked last, from its loading on."""
        printed, self._loading = self._loading, ""
        return printed + self.homework.code.prints.take()

    def unheard(self) -> AbstractContextManager[object]:
        """While it lasts, what the code prints is not kept."""
        return self.homework.code.prints.unheard()

    def take_notes(self) -> list[str]:
        """What was noticed since this was asked last."""
        fresh = [note for key, note in self.notes.items() if key not in self._told]
        self._told |= set(self.notes)
        return fresh

    def look_at_outputs(self, values: Sequence[Array]) -> None:
        """Notes which layer gave the first number that is not finite, or that the loss did."""
        for name, X, Y in zip(self.names, values, values[1:], strict=False):
            if not np.all(np.isfinite(Y)):
                what = "NaN" if np.isnan(Y).any() else "infinity"
                ends = f"for inputs from {X.min():.4g} to {X.max():.4g}"
                self.notes["not finite"] = (
                    f"{name}: {FORWARD} expected to return finite numbers, received {what} {ends}"
                )
                return
        self.notes["not finite"] = f"{self.loss.name}: the loss is not finite, though all outputs are"

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """What goes in: float64, whatever a student's parameters are."""
        return np.dtype(np.float64)

    def canonical_parameters(self) -> list[Arrays]:
        """As `weights` (inputs, outputs) and `bias` (outputs,), whatever the student's layers call them."""
        from nnstep.student_weights import canonical_parameters

        return canonical_parameters(self)

    def learn_parameters(self, X: Array) -> None:
        """They are known since the stack was made."""

    def _adapted(self) -> tuple[list[Any], Any, set[Path]]:
        """The layers and the loss behind the protocol, and where all parameters are."""
        homework, code = self.homework, self.homework.code
        rng = np.random.default_rng(0)
        pixels, picture = self._data.train.pixels.shape[1], self._data.train.shape
        X: Array = rng.uniform(0.05, 1, (2, pixels))
        layers: list[Any] = []
        paths: set[Path] = set()
        shapes = list(first_shapes(pixels, picture))
        own = 0
        with same_random_numbers():
            trial_keeper = StateKeeper(homework.layers, code.files, homework.modules, largest=LARGEST_TRIED)
            before = trial_keeper.capture()
            self._large: frozenset[str] = frozenset()

            def undo() -> None:
                self._large |= changed_variables(before, trial_keeper.capture())
                trial_keeper.restore(before)

            for original, name in zip(homework.layers, homework.names, strict=True):
                if _is_ours(original):
                    layers.append(original)
                    X = copied(original).forward_propagation(X)
                    shapes = list(shapes_of((1, X.shape[1]), X.shape[1]))
                    continue
                layer = StudentLayer(original, name, code, self.notes)
                try:
                    X = _learn(layer, X, shapes, undo)
                except StudentError as error:
                    if not own and not error.hint and any(word in error.message for word in ABOUT_SHAPES):
                        error.hint = (
                            f"The samples of '{self._data.name}' have {picture[0]} × {picture[1]} = {pixels} pixels"
                        )
                    raise
                paths |= {(own, *path) for path in layer.paths.values()}
                own += 1
                layers.append(layer)
                shapes = list(shapes_of(layer.output_shape or (1, X.shape[1]), X.shape[1]))
            loss = homework.loss
            if loss is not LOSSES["mse"]:
                students = [layer for layer in layers if isinstance(layer, StudentLayer)]
                loss = adapted_loss(loss, shapes[0], all(layer.batched for layer in students), code)
            undo()
            code.prints.take()
        classes = self._data.train.classes
        if X.shape[1] != classes:
            raise NnstepError(
                f"{code.name}: the network gives {X.shape[1]} outputs, but there are {classes} classes",
                f"Let its last layer give {classes}",
            )
        return layers, loss, paths


def _is_ours(layer: object) -> bool:
    """A layer of nnstep's own, used as it is."""
    if type(layer) is ActivationLayer:
        return ACTIVATIONS.get(layer.activation.name) is layer.activation
    return type(layer) is AffineLayer


def first_shapes(pixels: int, picture: Shape) -> Iterator[Shape]:
    """The shapes that a first layer may take a sample in, the likeliest first."""
    yield from shapes_of((1, pixels), pixels)
    if picture and picture[0] > 1:
        height, width = picture
        yield from ((height, width), (1, height, width), (1, height, width, 1), (1, 1, height, width))


def shapes_of(given: Shape, size: int) -> Iterator[Shape]:
    """The shapes that a layer may take a sample in: as the layer before gave it, then the usual ones."""
    yield from dict.fromkeys((given, (1, size), (size,), (size, 1)))


def _learn(layer: StudentLayer, X: Array, shapes: list[Shape], undo: Callable[[], object]) -> Array:
    """Finds a layer's shapes and parameters by trying, and returns what it gives for X (2, inputs).

    `undo` puts back what a trial changed beyond its copy, such as weights that a class holds for all its instances.
    """
    best: tuple[int, Shape] | None = None
    first_error: StudentError | None = None
    for shape in shapes:
        rank, error = _rank(layer, X[:1], shape)
        undo()
        first_error = first_error or error
        if rank is not None and (best is None or rank < best[0]):
            best = (rank, shape)
            if rank == 0:
                break
    if best is None:
        assert first_error is not None
        raise first_error
    layer.shape = best[1]
    Y = _one(layer, X[:1])
    layer.output_shape = Y.shape
    _check_broadcast(layer, X.shape[1], Y.shape)
    outputs = [Y.reshape(1, -1), _one(layer, X[1:]).reshape(1, -1)]
    undo()

    def forward(trial: Any) -> Array:
        return layer.around(trial).forward_propagation(X[:1])

    try:
        paths, output = parameter_paths(
            layer.original, forward, lambda trial, dE_dY: layer.around(trial).backward_propagation(dE_dY, TRIAL_RATE)
        )
        undo()
        idle = [path for path in _like_weights(layer, X.shape[1], outputs[0].size) if path not in paths]
        idle = [path for path in idle if matters(layer.original, path, array_at(layer.original, path), forward, output)]
    except StudentError:
        paths, idle = (), []
    layer.paths = {_name_of(layer.original, path): path for path in paths}
    layer.idle = {_name_of(layer.original, path): path for path in idle}
    undo()
    if not layer.paths and not layer.idle and outputs[0].shape[1] == X.shape[1]:
        layer.kind = _kind_of(layer)
        undo()
    if layer.shape == (1, X.shape[1]) and Y.ndim == 2:
        layer.batched = _takes_rows(layer, X, np.concatenate(outputs))
        undo()
    return np.concatenate(outputs)


def _kind_of(layer: StudentLayer) -> str:
    """Which activation a layer is, by what it makes of numbers of both signs; empty where it is none."""
    X = np.random.default_rng(0).uniform(-3, 3, (1, int(np.prod(layer.shape))))
    try:
        Y = copied(layer).forward_propagation(X)
    except StudentError:
        return ""
    return activation_name(X, Y)


def _like_weights(layer: StudentLayer, inputs: int, outputs: int) -> list[Path]:
    """Where a layer has arrays of the shape that weights have."""
    shapes = ((inputs, outputs), (outputs, inputs))
    return [path for path, array in arrays_of(layer.original).items() if array.shape in shapes]


def _name_of(original: object, path: Path) -> str:
    """What a parameter is called: where it is, or the name of a variable that a function has from around it."""
    in_function = isinstance(getattr(original, str(path[0]), None), FunctionType)
    return str(path[-1]) if in_function else "_".join(map(str, path))


def _rank(layer: StudentLayer, X: Array, shape: Shape) -> tuple[int | None, StudentError | None]:
    """How well a layer takes a sample in a shape: 0 best, None where it raises, then with the error."""
    trial = copied(layer)
    trial.shape = shape
    try:
        Y = _one(trial, X, False)
    except StudentError as error:
        return None, error
    vector = Y.ndim > 0 and max(Y.shape, default=1) == Y.size
    try:
        gradient = np.random.default_rng(0).normal(size=Y.shape)
        dE_dX = layer.code.call(
            f"{BACKWARD} of {layer.name}", trial.original.backward_propagation, gradient, TRIAL_RATE
        )
    except StudentError:
        return (2 if vector else 3), None
    fits = isinstance(dE_dX, np.ndarray) and dE_dX.size == X.size
    return (0 if vector and fits and dE_dX.shape == shape else 1 if fits else 2 if vector else 3), None


def _one(layer: StudentLayer, X: Array, on_copy: bool = True) -> Array:
    """Y of one sample, as the layer gives it, on a copy."""
    trial = copied(layer) if on_copy else layer
    return trial._output(trial._call(FORWARD, X.reshape(layer.shape)))


def _check_broadcast(layer: StudentLayer, inputs: int, shape: Shape) -> None:
    """Raises where a vector became a square matrix: the sum of a column and a row."""
    if len(shape) != 2 or min(shape) < 2 or shape[0] != shape[1] or max(layer.shape) != inputs:
        return
    n = shape[0]
    held = [v for v in vars(layer.original).values() if isinstance(v, np.ndarray) and v.size == n]
    if held:
        raise layer.fault(
            f"{FORWARD} expected to return one row of {n} numbers, received {shape}",
            f"Adding ({n}, 1) and ({n},) gives ({n}, {n})", FORWARD, "wrong-shape",
        )  # fmt: skip


def _takes_rows(layer: StudentLayer, X: Array, Y: Array) -> bool:
    """The layer takes several rows at once, and gives for each what it gives for it alone."""
    trial = copied(layer)
    trial.batched = True
    shapes = [array.shape for array in layer.parameters.values()]
    try:
        together = trial.forward_propagation(X)
        dE_dX = trial.backward_propagation(np.ones_like(together), TRIAL_RATE)
        grown = shapes != [array.shape for array in trial.parameters.values()]  # a bias of a row for each sample
    except NnstepError:
        return False
    same = together.shape == Y.shape and np.allclose(together, Y, rtol=1e-4, atol=1e-6)
    return dE_dX.shape == X.shape and same and not grown
