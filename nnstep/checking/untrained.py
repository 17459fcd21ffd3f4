"""Finds weights that backward never changes, although it makes their gradient or trains the bias."""

from __future__ import annotations

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.model import Model
from nnstep.checking.places import Path, name_of
from nnstep.checking.subject import Run


def untrained(model: Model, parameters: list[Path], run: Run) -> list[Path]:
    """The weights of an affine layer, and its bias, where backward does not change the weights."""
    if model.kind != "affine" or model.weights in parameters or model.weights not in run.before:
        return []
    if run.before[model.weights].dtype.kind != "f":
        return []
    return [path for path in (model.weights, model.bias) if path is not None and path not in parameters]


def meant_to_learn(paths: list[Path], parameters: list[Path], run: Run) -> bool:
    """The layer trains something else, or keeps a gradient for the weights: it is not one that is fixed on purpose."""
    if not paths:
        return False
    weights = run.before[paths[0]]
    return bool(parameters) or any(
        array.shape == weights.shape and (path not in run.before or not np.array_equal(run.before[path], array))
        for path, array in run.after.items()
    )


def never_change(paths: list[Path]) -> list[Finding]:
    """A finding for the weights, the first of the paths, and one for the bias where it is among them."""
    found = []
    for number, path in enumerate(paths):
        name = name_of(path)
        text = f"no backward call changes {name}: its update is 0.000 × what it should be, in all elements"
        found.append(Finding("bias-missing" if number else "factor", name, text, 0.9))
    return found
