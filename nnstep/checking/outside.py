"""What a layer's code can change and no copy of it contains: what its classes, its modules and their objects hold."""

from __future__ import annotations

import sys
from collections import deque
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from nnstep.checking.places import Anything, is_layer, is_students, of_students
from nnstep.holdings import attributes_of, cell_of, enclosed, values_of
from nnstep.random_state import GENERATORS, put_state, state_of

LARGEST_OUTSIDE = 2**22
MOST_PARTS = 50_000
SIMPLE = (int, float, np.ndarray, np.generic, list, dict, tuple, type(None))


class Outside:
    """What the students' classes and modules hold, to be put back: numbers, arrays, objects, random generators.

    Optimizers, caches and counters stand there, which all layers use. The layers themselves are left out: what runs is
    a copy of them.
    """

    def __init__(self, layers: list[Any]) -> None:
        self._saved: list[tuple[Anything, Anything]] = []
        self._containers: list[tuple[Any, Any]] = []
        self._generators: list[tuple[Any, Any]] = []
        self._attributes: list[tuple[Any, str, Any]] = []
        self._names: list[tuple[Any, set[str]]] = []
        self._parts = 0
        self._seen: set[int] = set()
        for holder in _holders(layers):
            self._names.append((holder, set(vars(holder))))
            for name, value in list(vars(holder).items()):
                if name[:2] == "__":
                    continue
                if isinstance(value, SIMPLE):
                    self._attributes.append((holder, name, value))
                self._save(value)

    def _save(self, value: Any) -> None:
        """Remembers a thing and what it holds, so far as a student's code can change it."""
        waiting = [value]
        while waiting:
            thing = waiting.pop()
            if id(thing) in self._seen or self._parts > MOST_PARTS:
                continue
            self._seen.add(id(thing))
            if isinstance(thing, GENERATORS):
                self._generators.append((thing, state_of(thing)))
            elif isinstance(thing, np.ndarray):
                if not thing.dtype.hasobject and thing.nbytes < LARGEST_OUTSIDE:
                    self._saved.append((thing, thing.copy()))
            else:
                waiting += self._parts_of(thing)

    def _parts_of(self, thing: Any) -> list[Any]:
        """What a thing holds; where that can change, it is remembered."""
        parts: list[Any] = []
        if isinstance(thing, dict | list | deque | set):
            if self._parts + len(thing) <= MOST_PARTS:
                self._containers.append((thing, _copy(thing)))
                parts = list(thing.values() if isinstance(thing, dict) else thing)
        elif isinstance(thing, tuple) and len(thing) <= MOST_PARTS:
            parts = list(thing)
        elif isinstance(thing, FunctionType | MethodType | partial | staticmethod | classmethod | property):
            parts = self._parts_of_callable(thing)
        elif is_students(thing) and not is_layer(thing):
            held = attributes_of(thing, shared=False)
            self._names.append((thing, set(getattr(thing, "__dict__", {}))))
            self._attributes += [(thing, name, value) for name, value in held.items()]
            parts = list(held.values())
        self._parts += len(parts)
        return parts

    def _parts_of_callable(self, thing: Any) -> list[Any]:
        """What a function keeps from call to call: enclosed variables, attributes, default values of arguments."""
        if isinstance(thing, MethodType):
            return [thing.__self__, thing.__func__]
        if isinstance(thing, partial):
            return [thing.func, thing.args, thing.keywords]
        if isinstance(thing, property):
            return [thing.fget]
        if isinstance(thing, staticmethod | classmethod):
            return [thing.__func__]
        if not of_students(thing.__module__):
            return []
        cells = [(cell_of(thing, str(name)), value) for name, value in enclosed(thing)]
        self._attributes += [(cell, "cell_contents", value) for cell, value in cells]
        defaults = [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
        return [vars(thing), *(value for _, value in cells), *defaults]

    def restore(self) -> None:
        """Puts everything back as it was."""
        for holder, names in self._names:
            for name in [n for n in getattr(holder, "__dict__", {}) if n not in names and n[:2] != "__"]:
                (type if isinstance(holder, type) else object).__delattr__(holder, name)
        for holder, name, value in self._attributes:
            if getattr(holder, name, holder) is not value:
                _set(holder, name, value)
        for generator, state in self._generators:
            put_state(generator, state)
        for container, saved in self._containers:
            if not _equal(container, saved):
                container.clear()
                (container.update if isinstance(container, dict | set) else container.extend)(saved)
        for array, numbers in self._saved:
            if array.flags.writeable and not np.array_equal(array, numbers, equal_nan=True):
                array[...] = numbers


def _set(holder: Any, name: str, value: Any) -> None:
    """Gives an attribute its value again, whatever the class says to that."""
    (type if isinstance(holder, type) else object).__setattr__(holder, name, value)


def _copy(container: Any) -> Any:
    return dict(container) if isinstance(container, dict) else type(container)(container)


def _equal(container: Any, saved: Any) -> bool:
    """They hold the same; where it cannot be said, they don't."""
    try:
        return bool(container == saved)
    except Exception:  # arrays that are others, or objects of the student's
        return False


def _holders(layers: list[Any]) -> list[Any]:
    """The students' classes of some layers, and their modules with the student's modules that these import."""
    found: dict[int, Any] = {}
    waiting: list[Any] = [cls for layer in layers for cls in type(layer).__mro__ if of_students(cls.__module__)]
    while waiting:
        holder = waiting.pop()
        if id(holder) in found:
            continue
        found[id(holder)] = holder
        if isinstance(holder, type):
            waiting += [sys.modules[holder.__module__]] if holder.__module__ in sys.modules else []
        else:
            inner = [value for value in list(vars(holder).values()) if isinstance(value, type | ModuleType)]
            waiting += [value for value in inner if of_students(_module_name(value))]
    return list(found.values())


def _module_name(thing: Any) -> str:
    return str(thing.__name__ if isinstance(thing, ModuleType) else thing.__module__)


def generators_of(layer: Any) -> list[Any]:
    """The random generators that a layer can draw from: its own, its class's and its module's."""
    return [value for value in values_of(layer) if isinstance(value, GENERATORS)] + _shared_generators(layer)


def _shared_generators(layer: Any) -> list[Any]:
    """The random generators of a layer's class and its module."""
    name = type(layer).__module__
    module = sys.modules.get(name) if of_students(name) else None
    holders = [*(vars(cls) for cls in type(layer).__mro__), vars(module) if module else {}]
    return [value for holder in holders for value in holder.values() if isinstance(value, GENERATORS)]
