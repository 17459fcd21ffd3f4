"""Finds parameters that layers of a network, or all instances of a class, have in common and update."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.outside import Outside
from nnstep.checking.places import Path, arrays_in, at, class_holdings, thing_at, whole_name_of
from nnstep.checking.shapes import sample_shapes
from nnstep.copies import copied
from nnstep.holdings import attributes_of
from nnstep.student_code import StudentCode
from nnstep.student_errors import StudentError

RATE = 0.5


def check_sharing(layers: list[Any], names: list[str], parameters: list[list[Path]]) -> list[Finding]:
    """Layers that update one array: the same object twice, one array in two layers, an array of the class."""
    live = [{p: arrays_in(layer).get(p) for p in paths} for layer, paths in zip(layers, parameters, strict=True)]
    sharing: dict[str, list[int]] = {}
    for i, first in enumerate(live):
        for j in range(i + 1, len(live)):
            both = [
                (p, q) for p, a in first.items() for q, b in live[j].items()
                if a is not None and b is not None and np.shares_memory(a, b)
            ]  # fmt: skip
            if both and (layers[i] is layers[j] or _updates(layers, i, j, both[0])):
                members = sharing.setdefault(whole_name_of(both[0][0]), [])
                members += [k for k in (i, j) if k not in members]
    found = []
    for array, members in sharing.items():
        who = ", ".join(names[k] for k in members[:-1]) + f" and {names[members[-1]]}"
        text = f"{who} hold one array {array}: each changes it for the others"
        found.append(Finding("shared-parameters", array, text, 0.97))
    for layer, name, paths in zip(layers, names, parameters, strict=True):
        single = sum(type(other) is type(layer) for other in layers) == 1
        found += [] if found else _of_class(layer, name, [p for p in paths if len(p) == 1 or single])
    return found


def _updates(layers: list[Any], i: int, j: int, both: tuple[Path, Path]) -> bool:
    """An update of one layer changes the other's array: it is made in place, or in a mapping that both hold."""
    holders = [thing_at(layer, path[:-1]) for layer, path in zip((layers[i], layers[j]), both, strict=True)]
    return holders[0] is holders[1] or _in_place(layers[i], both[0])


def _in_place(layer: Any, path: Path) -> bool:
    """Whether the layer's methods change the array itself instead of putting a new one there."""
    outside = Outside([layer])
    trial = copied(layer)
    before = at(trial, path)
    code = StudentCode("", 10.0)
    try:
        shape = sample_shapes([trial], code)[0]
        Y = code.call("forward_propagation", trial.forward_propagation, np.full(shape, 0.5))
        code.call("backward_propagation", trial.backward_propagation, np.ones(np.shape(Y)), RATE)
    except StudentError:
        return False
    finally:
        outside.restore()
    return at(trial, path) is before


def _is_own_entry(layer: Any, path: Path) -> bool:
    """An entry whose key holds the number or the name of the layer, so that another instance has another one."""
    own = [str(value) for value in attributes_of(layer, shared=False).values() if isinstance(value, int | str)]
    return len(path) > 1 and any(word and word in str(path[-1]) for word in own)


def _of_class(layer: Any, name: str, paths: list[Path]) -> list[Finding]:
    """A parameter that the class holds for all its instances; entries of a mapping where there is one instance only.

    Of several instances it is known whether they use one entry or each its own.
    """
    shared = class_holdings(type(layer))
    for path in paths:
        key = str(path[0])
        held = getattr(layer, key, None)
        if key not in shared or held is not shared[key] or _is_own_entry(layer, path):
            continue
        if len(path) > 1 or _in_place(layer, path):
            array = whole_name_of(path)
            text = f"{array} of {name} is one array of the class {type(layer).__name__}: all its instances update it"
            return [Finding("shared-parameters", array, text, 0.95)]
    return []
