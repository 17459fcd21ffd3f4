"""Which arrays of a layer are its parameters, found out from the layer protocol alone."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from nnstep.layers import Array


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
    trial = copy.deepcopy(layer)
    Y = trial.forward_propagation(X.copy())
    named = getattr(layer, "parameters", None)
    if isinstance(named, dict):
        return tuple(named), Y
    before = _arrays(trial)
    trial.backward_propagation(np.random.default_rng(0).normal(size=np.shape(Y)), 0.125)
    after = _arrays(trial)
    changed = [name for name in before if name in after and not _same(before[name], after[name])]
    return tuple(name for name in changed if _matters(layer, name, before[name], X, Y)), Y


def _arrays(layer: Any) -> dict[str, Array]:
    return {
        name: value.copy()
        for name, value in vars(layer).items()
        if isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating)
    }


def _matters(layer: Any, name: str, value: Array, X: Array, Y: Array) -> bool:
    trial = copy.deepcopy(layer)
    setattr(trial, name, value + 0.5)
    return not _same(trial.forward_propagation(X.copy()), Y)


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=True)
