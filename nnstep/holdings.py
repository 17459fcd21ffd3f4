"""What a student's object holds: attributes, entries, variables of the function around a function."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np

Key: TypeAlias = str | int | tuple[str | int, ...]
DEEPEST = 4
MOST_PARTS = 64


def attributes_of(thing: object, shared: bool = True) -> dict[str, Any]:
    """What an object holds, in `__dict__` or in slots, and where `shared` the arrays that all of its class share."""
    found = dict(getattr(thing, "__dict__", {}))
    for cls in type(thing).__mro__ if shared else ():
        for name, value in vars(cls).items():
            if isinstance(value, np.ndarray):
                found.setdefault(name, value)
    for cls in type(thing).__mro__:
        slots = vars(cls).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if not name.startswith("__") and hasattr(thing, name):
                found[name] = getattr(thing, name)
    return found


def holder_of(thing: Any, name: str) -> Any:
    """What holds an object's array of a name: the object itself, or the class for all of its objects."""
    if name in getattr(thing, "__dict__", {}):
        return thing
    return next((cls for cls in type(thing).__mro__ if isinstance(vars(cls).get(name), np.ndarray)), thing)


def values_of(layer: Any) -> Iterator[Any]:
    """Everything that a layer holds, a few levels deep."""
    seen: set[int] = set()
    waiting: list[tuple[Any, int]] = [(layer, 0)]
    while waiting:
        thing, depth = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        yield thing
        if depth < DEEPEST:
            waiting += [(part, depth + 1) for _, part in parts_of(thing)]


def enclosed(function: types.FunctionType) -> list[tuple[Key, Any]]:
    """The variables that a function has from the function around it."""
    found: list[tuple[Key, Any]] = []
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # not given a value yet
            found.append((name, cell.cell_contents))
    return found


def cell_of(function: types.FunctionType, name: str) -> types.CellType:
    """The place of a variable that a function has from the function around it."""
    cells: tuple[types.CellType, ...] = function.__closure__ or ()
    return cells[function.__code__.co_freevars.index(name)]


def parts_of(thing: Any) -> list[tuple[Key, Any]]:
    """What a thing of the student's holds: attributes, or the entries of a list or mapping."""
    if isinstance(thing, dict):
        return [(key, part) for key, part in thing.items() if isinstance(key, str | int | tuple)]
    if isinstance(thing, list | tuple):
        return list(enumerate(thing)) if len(thing) <= MOST_PARTS else []
    if isinstance(thing, np.ndarray | np.generic | type | types.ModuleType | str | int | float):
        return []
    if isinstance(thing, types.FunctionType):
        return enclosed(thing)
    if isinstance(thing, functools.partial):
        return [("args", thing.args), ("keywords", thing.keywords)]
    if isinstance(thing, types.MethodType):
        return [("__self__", thing.__self__)]
    if type(thing).__module__.partition(".")[0] in ("numpy", "builtins"):
        return []
    return list(attributes_of(thing).items())


def part_at(thing: Any, key: Any) -> Any:
    """What stands under a key of a thing: an entry, an attribute, or a variable of the function around a function."""
    if isinstance(thing, types.FunctionType):
        return cell_of(thing, str(key)).cell_contents
    return thing[key] if isinstance(thing, dict | list | tuple) else getattr(thing, str(key))


def set_part(thing: Any, key: Any, value: Any) -> None:
    """Puts something else under a key of a thing."""
    if isinstance(thing, types.FunctionType):
        cell_of(thing, str(key)).cell_contents = value
    elif isinstance(thing, dict | list):
        thing[key] = value
    else:
        setattr(thing, str(key), value)
