"""Which arrays of a layer are its parameters, found out from the layer protocol alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any, TypeAlias

import numpy as np

from nnstep.copies import copied
from nnstep.errors import NnstepError
from nnstep.holdings import Key, attributes_of, enclosed, holder_of, part_at, set_part
from nnstep.layers import Array

Path: TypeAlias = tuple[Key, ...]


def find_parameters(layer: Any, X: Array) -> tuple[tuple[str, ...], Array]:
    """Names the attributes of a layer that are parameters; the layer itself is left as it was.

    A layer that has a mapping `parameters` says so itself. Of any other one, those arrays are parameters that a
    backward call changes and that forward's output depends on.

    Args:
        layer: what keeps the layer protocol.
        X: an input that it takes, (1, inputs).

    Returns:
        The names, and the layer's output for X.
    """

    def forward(trial: Any) -> Array:
        Y: Array = trial.forward_propagation(X.copy())
        return Y

    named = getattr(layer, "parameters", None)
    if isinstance(named, dict):
        return tuple(named), forward(copied(layer))
    paths, Y = parameter_paths(layer, forward, lambda trial, dE_dY: trial.backward_propagation(dE_dY, 0.125))
    return tuple(str(path[0]) for path in paths if len(path) == 1), Y


def parameter_paths(
    layer: Any, forward: Callable[[Any], Array], backward: Callable[[Any, Array], object]
) -> tuple[tuple[Path, ...], Array]:
    """Where a layer's parameters are: as attributes, or one level deeper in a list, mapping, object or function.

    Args:
        layer: is left as it was.
        forward: runs a copy of the layer forward and gives its output.
        backward: runs a copy backward from a gradient of the output's shape, with a learning rate that is not 0.

    Returns:
        The paths, and the layer's output.
    """
    with same_random_numbers():
        trial = copied(layer)
        Y = np.array(forward(trial))
        before = {path: array.copy() for path, array in arrays_of(trial).items()}
        backward(trial, np.random.default_rng(0).normal(size=np.shape(Y)))
        after = {path: array.copy() for path, array in arrays_of(trial).items()}
        _put_back(trial, before)
    changed = [path for path in before if path in after and not _same(before[path], after[path])]
    return tuple(path for path in changed if matters(layer, path, before[path], forward, Y)), Y


def arrays_of(layer: Any) -> dict[Path, Array]:
    """All numeric arrays that a layer holds, by where they are; one that is held twice counts once."""
    found: dict[Path, Array] = {}
    seen: set[int] = set()

    def take(path: Path, value: object) -> None:
        if _is_numeric(value) and id(value) not in seen:
            seen.add(id(value))
            found[path] = value  # type: ignore[assignment]

    held = attributes_of(layer)
    for name, value in held.items():
        take((name,), value)
    for name, value in held.items():
        for key, part in _parts(value):
            take((name, key), part)
    return found


def array_at(layer: Any, path: Path) -> Array:
    """The array that stands at a place of a layer now."""
    value: Any = layer
    for key in path:
        value = part_at(value, key)
    found: Array = value
    return found


def put_array(layer: Any, path: Path, array: Array) -> None:
    """Puts numbers at a place of a layer: into the array that is there, or a new one where that does not fit."""
    live = array_at(layer, path)
    fits = isinstance(live, np.ndarray) and live.shape == array.shape and live.dtype == array.dtype
    if fits and live.flags.writeable:
        live[...] = array
        return
    holder: Any = layer
    for key in path[:-1]:
        holder = part_at(holder, key)
    if not isinstance(holder, FunctionType | dict | list):
        holder = holder_of(holder, str(path[-1]))
    set_part(holder, path[-1], array.copy())


@contextmanager
def same_random_numbers(seed: int | None = 0) -> Iterator[None]:
    """Gives the global random numbers a beginning of their own, and puts them back."""
    state, python_state = np.random.get_state(), random.getstate()
    if seed is not None:
        np.random.seed(seed)
        random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
        random.setstate(python_state)


def _parts(value: object) -> list[tuple[Key, Any]]:
    if isinstance(value, dict):
        return [(key, part) for key, part in value.items() if isinstance(key, str | int)]
    if isinstance(value, list | tuple) and len(value) <= 64:
        return list(enumerate(value))
    if isinstance(value, FunctionType):
        return enclosed(value)
    if isinstance(value, np.ndarray | ModuleType | type) or callable(value):
        return []
    return list(attributes_of(value).items())


def _is_numeric(value: object) -> bool:
    return isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.number) and value.size > 0


def matters(layer: Any, path: Path, value: Array, forward: Callable[[Any], Array], Y: Array) -> bool:
    """Forward's output is another one where this array is another one."""
    with same_random_numbers():
        trial = copied(layer)
        other = value + np.random.default_rng(1).uniform(0.25, 1, value.shape)
        put_array(trial, path, other if np.issubdtype(value.dtype, np.inexact) else value + 1)
        try:
            return not _same(forward(trial), Y)
        except (NnstepError, ValueError, IndexError, TypeError):
            return False
        finally:
            _put_back(trial, {path: value})


def _put_back(trial: Any, before: dict[Path, Array]) -> None:
    """Undoes what a trial did to arrays that a copy shares with the original, such as those of its class."""
    for path, array in before.items():
        put_array(trial, path, array)


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=True)
