"""Where a layer holds its numbers (attributes, entries, closures, its class, global variables), read and written."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.holdings import DEEPEST, part_at, parts_of, set_part, values_of

Anything = NDArray[Any]
Path = tuple[str | int, ...]
GLOBALS = "globals()"
NOT_STUDENTS = ("nnstep", "numpy", "builtins")


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
                found.setdefault(path, thing)  # what an instance holds hides what its class has
        elif len(path) < DEEPEST:
            waiting += [((*path, key), part) for key, part in parts_of(thing)]
            if not path:
                waiting += [((key,), part) for key, part in class_holdings(type(layer)).items()]
                waiting += [((GLOBALS, key), part) for key, part in globals_used(layer).items()]
    return found


def numbers_in(layer: Any) -> dict[Path, Anything]:
    """The floats, and the lists of numbers, that a layer holds as attributes or in what it holds, as arrays."""
    found: dict[Path, Anything] = {}
    waiting: list[tuple[Path, Any]] = [((), layer)]
    seen: set[int] = set()
    while waiting:
        path, thing = waiting.pop(0)
        numbers = as_numbers(thing)
        if numbers is not None:
            found[path] = numbers
        elif id(thing) not in seen and len(path) < DEEPEST and "__self__" not in path:
            seen.add(id(thing))
            waiting += [((*path, key), part) for key, part in parts_of(thing)]
    return found


def as_numbers(thing: Any) -> Anything | None:
    """A float, or a list of numbers or of such lists, as an array; None for anything else."""
    if isinstance(thing, float | np.floating):
        return np.array(float(thing))
    if type(thing) is not list or not thing or not all(isinstance(part, list | float | int) for part in thing):
        return None
    try:
        numbers = np.asarray(thing, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return numbers if numbers.size else None


def globals_of(layer: Any) -> dict[str, Any]:
    """The global variables that a layer's forward sees."""
    function = getattr(layer, "forward_propagation", None)
    found: dict[str, Any] = getattr(getattr(function, "__func__", function), "__globals__", {})
    return {} if str(found.get("__name__", "")).partition(".")[0] in NOT_STUDENTS else found


def globals_used(layer: Any) -> dict[str, Any]:
    """The arrays, mappings and lists of arrays among the global variables that a layer's methods name."""
    known = globals_of(layer)
    methods = [getattr(layer, name, None) for name in ("forward_propagation", "backward_propagation")]
    waiting = [getattr(method, "__func__", method) for method in methods if known]
    seen: set[str] = set()
    while waiting:
        code = getattr(waiting.pop(), "__code__", None)
        names = set(code.co_names) & known.keys() - seen if code else set()
        seen |= names
        waiting += [known[name] for name in names if isinstance(known[name], types.FunctionType)]
    return {name: known[name] for name in sorted(seen) if holds_arrays(known[name])}


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
    """What stands at a place of a layer; a float or a list of numbers as an array."""
    found = thing_at(layer, path)
    numbers = as_numbers(found) if path else None
    return found if numbers is None else numbers


def thing_at(layer: Any, path: Path) -> Any:
    """What stands at a place of a layer, as it is."""
    found = layer
    for key in path:
        found = globals_of(found) if key == GLOBALS else part_at(found, key)
    return found


def put(layer: Any, path: Path, array: Anything) -> None:
    """Puts numbers at a place: into the array there if they fit, else as a new array."""
    live = thing_at(layer, path)
    if isinstance(live, np.ndarray) and live.shape == array.shape and live.dtype.kind == "f" and live.flags.writeable:
        live[...] = array
        return
    if isinstance(live, list):
        live[:] = array.tolist()
        return
    value = float(array) if isinstance(live, float | np.floating) else array.copy()
    holder = thing_at(layer, path[:-1])
    if not isinstance(holder, tuple):
        set_part(holder, path[-1], value)


def name_of(path: Path) -> str:
    """What a parameter is called: the name of its attribute, or its key in a mapping or a list."""
    words = [str(key) for key in path]
    return (
        words[-1] if len(words) > 1 and words[-1].isidentifier() and words[-1] not in ARRAY_WORDS else ".".join(words)
    )


ARRAY_WORDS = ("value", "data", "val", "array", "v", "w", "x", "values")
