"""Where a layer holds its numbers (attributes, entries, closures, its class, global variables), read and written."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.holdings import DEEPEST, Key, part_at, parts_of, set_part, values_of

Anything = NDArray[Any]
Path = tuple[Key, ...]
GLOBALS = "globals()"
NOT_STUDENTS = ("nnstep", "numpy", "builtins")
METHODS = ("forward_propagation", "backward_propagation")


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
        elif len(path) - (path[:1] == (GLOBALS,)) < DEEPEST:
            waiting += [((*path, key), part) for key, part in parts_of(thing)]
            if not path or is_students(thing):
                waiting += [((*path, key), part) for key, part in class_holdings(type(thing)).items()]
            if not path:
                waiting += [((GLOBALS, *keys), part) for keys, part in globals_used(layer).items()]
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


def globals_used(layer: Any) -> dict[Path, Any]:
    """What keeps arrays among the global variables that a layer's methods name, in its module or `module.name`."""
    known = globals_of(layer)
    methods = [getattr(layer, name, None) for name in METHODS]
    waiting = [getattr(method, "__func__", method) for method in methods if known]
    seen: dict[Path, Any] = {}
    while waiting:
        names = getattr(getattr(waiting.pop(), "__code__", None), "co_names", ())
        named: dict[Path, Any] = {(name,): known[name] for name in names if name in known}
        for module in [value for value in named.values() if _is_own_module(value)]:
            named |= {(*_key_of(module, known), name): part for name, part in vars(module).items()}
        waiting += [v for path, v in named.items() if path not in seen and isinstance(v, types.FunctionType)]
        seen |= named
    return {path: seen[path] for path in sorted(seen, key=str) if holds_arrays(seen[path])}


def _is_own_module(value: object) -> bool:
    return isinstance(value, types.ModuleType) and of_students(value.__name__)


def _key_of(module: types.ModuleType, known: dict[str, Any]) -> Path:
    return (next(name for name, value in known.items() if value is module),)


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
    """A value is an array, a mapping or list with arrays, or an object of the student's that keeps some for layers."""
    if isinstance(value, np.ndarray):
        return True
    if isinstance(value, dict | list):
        if any(isinstance(part, np.ndarray) for part in (value.values() if isinstance(value, dict) else value)):
            return True
    elif not is_students(value) and not (isinstance(value, types.FunctionType) and of_students(value.__module__)):
        return False
    held = list(values_of(value))
    there = any(isinstance(part, np.ndarray) for part in held) or bool(class_holdings(type(value)))
    return there and not any(is_layer(part) for part in held)


def is_students(thing: object) -> bool:
    """An object of a class that stands in a file of the student's."""
    return isinstance(thing, types.SimpleNamespace) or of_students(type(thing).__module__)


def of_students(module: str | None) -> bool:
    """A module of that name is a file of the student's, nothing installed."""
    first = str(module).partition(".")[0]
    if first in NOT_STUDENTS or first in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(str(module)), "__file__", None)
    return bool(file) and not any(folder in str(file) for folder in ("site-packages", "dist-packages"))


def is_layer(thing: object) -> bool:
    """It keeps the layer protocol."""
    try:
        return not isinstance(thing, type) and all(hasattr(thing, name) for name in METHODS)
    except Exception:  # a __getattr__ or a property of the student's
        return False


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
    if len(words) > 1 and words[-1].isidentifier() and words[-1] not in ARRAY_WORDS:
        return words[-1]
    return whole_name_of(path)


def whole_name_of(path: Path) -> str:
    """Where an array is: `params.W`, of a global variable without saying so, `params[1, 'W']` for a tuple as key."""
    name = ""
    for key in path[1:] if path[0] == GLOBALS else path:
        name += f"[{', '.join(map(repr, key))}]" if isinstance(key, tuple) else f".{key}" if name else str(key)
    return name


ARRAY_WORDS = ("value", "data", "val", "array", "v", "w", "x", "values")
