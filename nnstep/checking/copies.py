"""Copies of layers on which a check may run anything: views stay views, and functions get cells of their own."""

from __future__ import annotations

import copy
import types
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.parameters import attributes_of

Anything = NDArray[Any]
Path = tuple[str | int, ...]
DEEPEST = 4
MOST_PARTS = 64


def copy_layer(layer: Any) -> Any:
    """A deep copy. Arrays that share memory go on sharing it, and functions that hold the layer hold the copy."""
    memo: dict[int, Any] = {}
    bases: dict[int, Anything] = {}
    cells: list[tuple[types.CellType, types.CellType]] = []
    kept: list[Any] = []
    for value in values_of(layer):
        if isinstance(value, np.ndarray):
            _copy_view(value, memo, bases, kept)
        elif isinstance(value, types.FunctionType) and value.__closure__:
            memo[id(value)] = _with_own_cells(value, cells)
        elif isinstance(value, types.ModuleType) or hasattr(value, "acquire"):
            memo[id(value)] = value
    try:
        made = copy.deepcopy(layer, memo)
        for old, new in cells:
            new.cell_contents = copy.deepcopy(old.cell_contents, memo)
        return made
    except (TypeError, AttributeError, RecursionError, NotImplementedError):
        return _copy_by_attributes(layer, memo)


def _copy_by_attributes(layer: Any, memo: dict[int, Any]) -> Any:
    """A copy in which only what cannot be copied, such as an open file, is the original's."""
    made = copy.copy(layer)
    for name, value in getattr(layer, "__dict__", {}).items():
        with suppress(TypeError, AttributeError, RecursionError, NotImplementedError):
            setattr(made, name, copy.deepcopy(value, memo))
    return made


def _copy_view(array: Anything, memo: dict[int, Any], bases: dict[int, Anything], kept: list[Any]) -> None:
    """Copies an array's base once, and makes the array again as the same view of it."""
    base = array.base
    if type(array) is not np.ndarray or type(base) is not np.ndarray or array.dtype.hasobject:
        return
    while type(base.base) is np.ndarray:
        base = base.base
    if not (base.flags.c_contiguous or base.flags.f_contiguous) or base.base is not None or base.dtype != array.dtype:
        return
    if id(base) not in bases:
        bases[id(base)] = base.copy(order="K")
        memo[id(base)] = bases[id(base)]
        kept.append(base)
    flat = bases[id(base)].ravel(order="K")
    offset = array.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    if 0 <= offset < base.nbytes:
        memo[id(array)] = np.ndarray(array.shape, array.dtype, flat, offset, array.strides)


def _with_own_cells(
    function: types.FunctionType, cells: list[tuple[types.CellType, types.CellType]]
) -> types.FunctionType:
    """The same function with new, still empty cells; cells that functions share go on being shared."""
    known = {id(old): new for old, new in cells}
    fresh = []
    for cell in function.__closure__ or ():
        if id(cell) not in known:
            known[id(cell)] = types.CellType()
            try:
                cell.cell_contents  # noqa: B018
                cells.append((cell, known[id(cell)]))
            except ValueError:
                pass
        fresh.append(known[id(cell)])
    made = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, tuple(fresh)
    )
    made.__kwdefaults__ = function.__kwdefaults__
    made.__dict__.update(function.__dict__)
    return made


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
            if isinstance(thing, types.FunctionType):
                waiting += [(value, depth + 1) for value in _contents(thing)]


def _contents(function: types.FunctionType) -> list[Any]:
    found = []
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:
            continue
    return found


def parts_of(thing: Any) -> list[tuple[str | int, Any]]:
    """What a thing of the student's holds: attributes, or the entries of a list or mapping."""
    if isinstance(thing, dict):
        return [(key, part) for key, part in thing.items() if isinstance(key, str | int)]
    if isinstance(thing, list | tuple):
        return list(enumerate(thing)) if len(thing) <= MOST_PARTS else []
    if isinstance(thing, np.ndarray | np.generic | type | types.ModuleType | types.FunctionType | str | int | float):
        return []
    if isinstance(thing, types.MethodType):
        return [("__self__", thing.__self__)]
    if type(thing).__module__.partition(".")[0] in ("numpy", "builtins"):
        return []
    return list(attributes_of(thing).items())


def arrays_in(layer: Any) -> dict[Path, Anything]:
    """All numeric arrays that a layer holds, by where they are; also those that its class holds for all instances."""
    found: dict[Path, Anything] = {}
    seen: set[int] = set()
    waiting: list[tuple[Path, Any]] = [((), layer)]
    while waiting:
        path, thing = waiting.pop(0)
        if id(thing) in seen or "__self__" in path:
            continue
        seen.add(id(thing))
        if isinstance(thing, np.ndarray):
            if thing.size and np.issubdtype(thing.dtype, np.number) and not np.iscomplexobj(thing):
                found[path] = thing
        elif len(path) < DEEPEST:
            waiting += [((*path, key), part) for key, part in parts_of(thing)]
            if not path:
                waiting += [((key,), part) for key, part in class_holdings(type(layer)).items()]
    return found


def all_arrays(layer: Any) -> list[Anything]:
    """All arrays that a layer holds or that functions that it holds have enclosed."""
    return [value for value in values_of(layer) if isinstance(value, np.ndarray)]


def class_holdings(cls: type) -> dict[str, Any]:
    """What a class holds for all its instances: arrays, and mappings and lists of arrays."""
    found: dict[str, Any] = {}
    for parent in cls.__mro__:
        for name, value in list(vars(parent).items()):
            if name not in found and holds_arrays(value):
                found[name] = value
    return found


def holds_arrays(value: Any) -> bool:
    """A value is an array, or a mapping or list with arrays."""
    if isinstance(value, np.ndarray):
        return True
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(isinstance(part, np.ndarray) for part in parts)


def at(layer: Any, path: Path) -> Any:
    """What stands at a place of a layer."""
    found = layer
    for key in path:
        entries: Any = found
        found = entries[key] if isinstance(found, dict | list | tuple) else getattr(found, str(key))
    return found


def put(layer: Any, path: Path, array: Anything) -> None:
    """Puts numbers at a place: into the array there if they fit, else as a new array."""
    live = at(layer, path)
    if isinstance(live, np.ndarray) and live.shape == array.shape and live.dtype.kind == "f" and live.flags.writeable:
        live[...] = array
        return
    holder = at(layer, path[:-1])
    if isinstance(holder, dict | list):
        holder[path[-1]] = array.copy()  # type: ignore[index]
    elif not isinstance(holder, tuple):
        setattr(holder, str(path[-1]), array.copy())


def name_of(path: Path) -> str:
    """What a parameter is called: the name of its attribute, or its key in a mapping or a list."""
    words = [str(key) for key in path]
    return (
        words[-1] if len(words) > 1 and words[-1].isidentifier() and words[-1] not in ARRAY_WORDS else ".".join(words)
    )


ARRAY_WORDS = ("value", "data", "val", "array", "v", "w", "x", "values")
