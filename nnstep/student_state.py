"""The state that a student's code keeps beside its parameters: momenta, counters, random numbers, module variables."""

from __future__ import annotations

import json
import random
import sys
from collections import deque
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from nnstep.parameters import Path, attributes_of

DEEPEST = 5
LONGEST = 1000
PLAIN = (bool, int, float, complex, str, np.generic, np.random.Generator, np.random.RandomState, random.Random)
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

    What it cannot see: closures, open files, generators, and objects of libraries other than numpy.
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
        for path, value in self._leaves():
            state[_written(path)] = _copy(value)
        return state

    def restore(self, state: State) -> None:
        """Puts a captured state back, into the objects that are there now."""
        np.random.set_state(state["numpy"])
        random.setstate(state["python"])
        for path, holder, key, value in list(self._places()):
            name = _written(path)
            if path[-1] == "@" and name in state:
                continue
            if name in state:
                _put(holder, key, value, state[name])
            elif isinstance(path[0], int):
                _remove(holder, key)

    def _leaves(self) -> Iterator[tuple[Path, Any]]:
        for path, _, _, value in self._places():
            yield path, value

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
        classes = {cls for layer in self.layers for cls in type(layer).__mro__ if cls.__module__ in self.own}
        for cls in sorted(classes, key=lambda c: c.__qualname__):
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
        if isinstance(thing, dict):
            parts: list[tuple[Any, Any]] = list(thing.items())[:LONGEST]
        elif isinstance(thing, list | tuple | deque):
            parts = list(enumerate(thing))[:LONGEST]
        else:
            parts = list(attributes_of(thing).items())
        for key, value in parts:
            if isinstance(key, str | int):
                yield from self._walk_value((*path, key), thing, key, value, seen, depth + 1, largest)

    def _walk_value(
        self, path: Path, holder: Any, key: Any, value: Any, seen: set[int], depth: int, largest: int | None
    ) -> Iterator[tuple[Path, Any, Any, Any]]:
        if isinstance(value, np.ndarray):
            if value.dtype != object and (largest is None or value.nbytes <= largest):
                yield path, holder, key, value
        elif value is None or isinstance(value, PLAIN) or _is_list_of_leaves(value):
            yield path, holder, key, value
        elif isinstance(value, dict | list | tuple | deque) or self._is_own(value):
            yield (*path, "@"), holder, key, type(value).__name__
            yield from self._walk(path, value, seen, depth, largest)

    def _is_own(self, value: object) -> bool:
        """An object of one of the student's classes."""
        return type(value).__module__ in self.own and not isinstance(value, type)


def changed_variables(before: State, after: State) -> frozenset[str]:
    """The names of modules' variables that hold arrays with other numbers than before."""
    found = set()
    for path, value in after.items():
        kind, _, rest = path.partition("/")
        old = before.get(path)
        if kind != "module" or not isinstance(value, np.ndarray) or not isinstance(old, np.ndarray):
            continue
        if not np.array_equal(value, old):
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
    return "/".join(map(str, path))


def _copy(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, np.random.Generator):
        return dict(value.bit_generator.state)
    if isinstance(value, np.random.RandomState):
        return value.get_state()
    if isinstance(value, list | tuple | deque):
        return {"kind": type(value).__name__, "items": tuple(_copy(part) for part in value)}
    return value.getstate() if isinstance(value, random.Random) else value


def _put(holder: Any, key: Any, live: Any, saved: Any) -> None:
    """Puts one saved value back; arrays in place where they fit, so that who else holds them sees it too."""
    if isinstance(saved, dict) and "items" in saved:
        _put_list(holder, key, live, saved)
    elif isinstance(live, np.random.Generator):
        live.bit_generator.state = saved
    elif isinstance(live, np.random.RandomState):
        live.set_state(saved)
    elif isinstance(live, random.Random):
        live.setstate(saved)
    elif isinstance(live, np.ndarray) and isinstance(saved, np.ndarray) and live.flags.writeable:
        if live.shape == saved.shape and live.dtype == saved.dtype:
            live[...] = saved
        else:
            _set(holder, key, saved.copy())
    elif live is not saved and not isinstance(saved, dict):
        _set(holder, key, _copy(saved))


def _put_list(holder: Any, key: Any, live: Any, saved: dict[str, Any]) -> None:
    """Puts the parts of a list back: in place where it has as many of them as then."""
    items = saved["items"]
    if isinstance(live, list | tuple | deque) and len(live) == len(items) and not isinstance(live, tuple):
        for number, (part, kept) in enumerate(zip(list(live), items, strict=True)):
            _put(live, number, part, kept)
        return
    copies = [_copy(item) for item in items]
    if isinstance(live, list | deque):
        live.clear()
        live.extend(copies)
    else:
        _set(holder, key, {"tuple": tuple, "deque": deque}.get(saved["kind"], list)(copies))


def _is_list_of_leaves(value: Any) -> bool:
    if not isinstance(value, list | tuple | deque) or len(value) > LONGEST:
        return False
    return all(part is None or isinstance(part, (np.ndarray, bool, int, float, str, np.generic)) for part in value)


def _remove(holder: Any, key: Any) -> None:
    """Removes what was not there when the state was captured."""
    if isinstance(holder, dict):
        holder.pop(key, None)
    elif not isinstance(holder, list | tuple | deque) and key in getattr(holder, "__dict__", {}):
        delattr(holder, key)


def _set(holder: Any, key: Any, value: Any) -> None:
    if isinstance(holder, dict | list | deque):
        holder[key] = value
    elif not isinstance(holder, tuple):
        setattr(holder, str(key), value)
