"""The state that a student's code keeps beside its parameters: momenta, counters, random numbers, module variables."""

from __future__ import annotations

import json
import random
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from types import FunctionType, MethodType
from typing import Any, TypeAlias

import numpy as np

from nnstep.holdings import attributes_of, cell_of, enclosed
from nnstep.parameters import Path
from nnstep.student_values import (
    LONGEST,
    copy_of,
    emptied,
    is_key,
    is_list_of_leaves,
    key_of,
    made_anew,
    mark_of,
    put_value,
    remove,
    set_anew,
    shorten,
    written_key,
)

DEEPEST = 5
PLAIN = (bool, int, float, complex, str, np.generic, np.random.Generator, np.random.RandomState, random.Random)
CHANGEABLE = (np.ndarray, dict, list, deque, set, np.random.Generator, np.random.RandomState, random.Random)
LARGEST_OUTSIDE = 65_536
MOST_LEAVES = 20_000

State: TypeAlias = dict[str, Any]


class StateKeeper:
    """Captures and restores the state of layers, of their classes, and of the modules that they were written in.

    Args:
        layers: the student's layers.
        files: the student's files.
        modules: the modules that were made of them; only small variables of theirs are kept.
        without: what to leave out: parameters, each by the number of its layer and its place there.
        large: names of the modules' variables that are kept whatever their size.
        largest: how many bytes another array of a module may have.

    It looks into closures, default values of arguments and attributes of functions too. What it cannot see: open files,
    generators, and objects of libraries other than numpy.
    """

    def __init__(
        self,
        layers: list[Any],
        files: set[str],
        modules: list[Any],
        without: frozenset[Path] = frozenset(),
        large: frozenset[str] = frozenset(),
        largest: int = LARGEST_OUTSIDE,
    ) -> None:
        self.layers, self.modules, self.without, self.large, self.largest = layers, modules, without, large, largest
        self.own = {module.__name__ for module in modules}
        self.own |= {m.__name__ for m in list(sys.modules.values()) if getattr(m, "__file__", None) in files}
        self.own |= {type(layer).__module__ for layer in layers}

    def capture(self) -> State:
        """Copies of all numbers, arrays and random states, by where they are."""
        state: State = {"numpy": np.random.get_state(), "python": random.getstate()}
        for path, _, _, value in self._places():
            state[_written(path)] = mark_of(value) if path[-1] == "@" else copy_of(value)
        return state

    def restore(self, state: State) -> None:
        """Puts a captured state back, into the objects that are there now."""
        np.random.set_state(state["numpy"])
        random.setstate(state["python"])
        holders, done = self._holders(), {"numpy", "python"}
        for path, holder, key, value in list(self._places()):
            name = _written(path)
            done.add(name)
            whole = name.removesuffix("/@")
            if path[-1] == "@" and name in state:
                holders[whole] = value
                shorten(value, state[name])
            elif whole in state:
                done.add(whole)
                put_value(holder, key, value, state[whole])
            elif name in state or f"{name}/@" in state:
                continue
            elif _is_inside(path) and not isinstance(value, FunctionType):
                remove(holder, key)
        self._put_missing(state, holders, done)

    def _holders(self) -> dict[str, Any]:
        """What the places begin in, by the beginning of their paths."""
        found: dict[str, Any] = {str(index): layer for index, layer in enumerate(self.layers)}
        found |= {f"class/{cls.__qualname__}": cls for cls in self._classes()}
        return found | {f"module/{module.__name__}": module for module in self.modules}

    def _put_missing(self, state: State, holders: dict[str, Any], done: set[str]) -> None:
        """Puts back entries, attributes, mappings and lists that were there then, and are not now."""
        for name, saved in state.items():
            whole = name.removesuffix("/@")
            parent, _, last = whole.rpartition("/")
            holder = holders.get(parent)
            marked = state.get(f"{parent}/@")
            if name in done or holder is None or (isinstance(holder, dict) and not isinstance(marked, tuple)):
                continue
            if name.endswith("/@"):
                there = getattr(holder, last, None)  # a function had attributes then and has none now
                holders[whole] = value = there if isinstance(there, FunctionType) else emptied(saved)
            else:
                value = made_anew(saved)
            if value is None and saved is not None:
                continue
            with suppress(AttributeError, TypeError):
                set_anew(holder, key_of(marked, last), value)

    def _classes(self) -> list[type]:
        """The student's classes: those of the layers, and those that stand in the modules."""
        known = {cls for layer in self.layers for cls in type(layer).__mro__}
        for module in self.modules:
            known |= {value for value in list(vars(module).values()) if isinstance(value, type)}
        return sorted((cls for cls in known if cls.__module__ in self.own), key=lambda cls: cls.__qualname__)

    def _places(self) -> Iterator[tuple[Path, Any, Any, Any]]:
        """Each leaf: its path, what holds it, under which key, and the value."""
        seen: set[int] = set()
        count = 0
        for place in self._roots(seen):
            if place[0] in self.without:
                continue
            yield place
            count += 1
            if count > MOST_LEAVES:
                return

    def _roots(self, seen: set[int]) -> Iterator[tuple[Path, Any, Any, Any]]:
        for index, layer in enumerate(self.layers):
            yield from self._walk((index,), layer, seen, 0, None)
        for cls in self._classes():
            for name, value in list(vars(cls).items()):
                if not name.startswith("__"):
                    yield from self._walk_value(("class", cls.__qualname__, name), cls, name, value, seen, 1, None)
        for module in self.modules:
            for name, value in list(vars(module).items()):
                if not name.startswith("__"):
                    path: Path = ("module", module.__name__, name)
                    largest = None if name in self.large else self.largest
                    yield from self._walk_value(path, module, name, value, seen, 1, largest)

    def _walk(
        self, path: Path, thing: Any, seen: set[int], depth: int, largest: int | None
    ) -> Iterator[tuple[Path, Any, Any, Any]]:
        if id(thing) in seen or depth > DEEPEST:
            return
        seen.add(id(thing))
        if isinstance(thing, FunctionType):
            yield from self._walk_cells(path, thing, seen, depth, largest)
        if isinstance(thing, dict):
            parts: list[tuple[Any, Any]] = list(thing.items())[:LONGEST]
        elif isinstance(thing, list | tuple | deque):
            parts = list(enumerate(thing))[:LONGEST]
        else:
            parts = list(attributes_of(thing, shared=False).items())
        for key, value in parts:
            if is_key(key):
                yield from self._walk_value((*path, key), thing, key, value, seen, depth + 1, largest)

    def _walk_value(
        self, path: Path, holder: Any, key: Any, value: Any, seen: set[int], depth: int, largest: int | None
    ) -> Iterator[tuple[Path, Any, Any, Any]]:
        if isinstance(value, np.ndarray):
            if value.dtype != object and (largest is None or value.nbytes <= largest):
                yield path, holder, key, value
        elif value is None or isinstance(value, PLAIN) or is_list_of_leaves(value):
            yield path, holder, key, value
        elif isinstance(value, dict | list | tuple | deque) or self._is_own(value):
            yield (*path, "@"), holder, key, value
            yield from self._walk(path, value, seen, depth, largest)
        else:
            for name, part in _parts_of_callable(value):
                yield from self._walk_value((*path, name), (), name, part, seen, depth, largest)

    def _walk_cells(
        self, path: Path, function: FunctionType, seen: set[int], depth: int, largest: int | None
    ) -> Iterator[tuple[Path, Any, Any, Any]]:
        """The variables that a function has from the function around it, and what its arguments are by default."""
        for name, value in enclosed(function):
            cell = cell_of(function, str(name))
            if id(cell) not in seen:
                seen.add(id(cell))
                yield from self._walk_value((*path, name), cell, "cell_contents", value, seen, depth + 1, largest)
        for key, value in _defaults(function):
            yield from self._walk_value((*path, "=", key), (), key, value, seen, depth + 1, largest)

    def _is_own(self, value: object) -> bool:
        """An object of one of the student's classes, or a function of theirs that can keep something."""
        if isinstance(value, FunctionType):
            known = value.__globals__.get("__name__") in self.own
            return known and bool(value.__closure__ or vars(value) or _defaults(value))
        return type(value).__module__ in self.own and not isinstance(value, type)


def _parts_of_callable(value: object) -> list[tuple[str, Any]]:
    """What may keep something in what calls a function: a bound method, a partial one, a property."""
    if isinstance(value, MethodType):
        return [("self", value.__self__), ("function", value.__func__)]
    if isinstance(value, partial):
        return [("function", value.func), ("args", value.args), ("keywords", value.keywords)]
    if isinstance(value, staticmethod | classmethod):
        return [("function", value.__func__)]
    return [("function", value.fget)] if isinstance(value, property) and value.fget else []


def _defaults(function: FunctionType) -> list[tuple[str, Any]]:
    """The default values of a function's arguments that a call can change."""
    given: list[tuple[Any, Any]] = [*enumerate(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).items()]
    return [(str(key), value) for key, value in given if isinstance(value, CHANGEABLE)]


def going_on(old: State, now: State, new: State) -> State:
    """The state with which new code goes on where the old one stood.

    What a run has changed goes on; what is another thing in the new code from its loading on, such as a constant that
    was edited, is the new code's.

    Args:
        old: the old code's, when it was loaded.
        now: the old code's, where the run stands.
        new: the new code's, when it was loaded.
    """
    edited = {name for name in old.keys() | new.keys() if _plain(old.get(name)) != _plain(new.get(name))}
    edited -= {"numpy", "python"}
    kept = {name: value for name, value in now.items() if name not in edited}
    return kept | {name: new[name] for name in edited if name in new}


def changed_variables(before: State, after: State) -> frozenset[str]:
    """The names of modules' variables that hold arrays that were not there before, or with other numbers."""
    found = set()
    for path, value in after.items():
        kind, _, rest = path.partition("/")
        old = before.get(path)
        if kind != "module" or not isinstance(value, np.ndarray):
            continue
        if not isinstance(old, np.ndarray) or not np.array_equal(value, old):
            found.add(rest.split("/")[1])
    return frozenset(found)


def state_as_array(state: State) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A state as bytes that hold no code: JSON, with arrays as their type, shape and numbers."""
    return np.frombuffer(json.dumps(_plain(state)).encode(), np.uint8).copy()


def state_from_array(array: np.ndarray[Any, Any]) -> State:
    """Reads what `state_as_array` gave; raises ValueError, KeyError or TypeError where it is something else."""
    state = _unplain(json.loads(array.astype(np.uint8).tobytes().decode()))
    if not isinstance(state, dict):
        raise ValueError("no state")
    return state


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"array": value.tobytes().hex(), "type": value.dtype.str, "shape": list(value.shape)}
    if isinstance(value, np.generic):
        return {"array": value.tobytes().hex(), "type": value.dtype.str, "shape": None}
    if isinstance(value, dict):
        return {"map": [[key, _plain(part)] for key, part in value.items()]}
    if isinstance(value, tuple | list):
        return {"tuple": [_plain(part) for part in value]}
    if isinstance(value, complex):
        return None
    return value


def _unplain(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "map" in value:
        return {key: _unplain(part) for key, part in value["map"]}
    if "tuple" in value:
        return tuple(_unplain(part) for part in value["tuple"])
    kind = np.dtype(value["type"])
    if kind.hasobject:
        raise ValueError("objects")
    flat = np.frombuffer(bytes.fromhex(value["array"]), kind).copy()
    return flat[0] if value["shape"] is None else flat.reshape(value["shape"])


def _written(path: Path) -> str:
    return "/".join(map(written_key, path))


def _is_inside(path: Path) -> bool:
    """A place in a layer, or in something that a class or a module holds; not a variable of the class or module."""
    return isinstance(path[0], int) or len(path) - (path[-1] == "@") > 3
