"""What a layer's code can change and no copy of it contains: arrays and random generators of class and module."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np

from nnstep.checking.places import NOT_STUDENTS, Anything, class_holdings, holds_arrays
from nnstep.holdings import values_of
from nnstep.random_state import GENERATORS, put_state, state_of

LARGEST_OUTSIDE = 2**22


class Outside:
    """What layers' classes and modules hold, to be put back: arrays and where random generators stand."""

    def __init__(self, layers: list[Any]) -> None:
        self._saved: list[tuple[Anything, Anything]] = []
        self._containers: list[tuple[Any, Any]] = []
        self._generators: list[tuple[Any, Any]] = []
        self._bindings = [(holder, name, value) for holder in _holders(layers) for name, value in _simple(holder)]
        seen: set[int] = set()
        for layer in layers:
            held = [*class_holdings(type(layer)).values(), *module_holdings(type(layer))]
            for value in [*held, *shared_generators(layer)]:
                if id(value) not in seen:
                    seen.add(id(value))
                    self._save(value)

    def _save(self, value: Any) -> None:
        if isinstance(value, GENERATORS):
            self._generators.append((value, state_of(value)))
        elif isinstance(value, dict | list):
            self._containers.append((value, value.copy()))
            for part in value.values() if isinstance(value, dict) else value:
                if isinstance(part, np.ndarray):
                    self._save(part)
        elif not value.dtype.hasobject and value.nbytes < LARGEST_OUTSIDE:
            self._saved.append((value, value.copy()))

    def restore(self) -> None:
        """Puts their numbers back."""
        for holder, name, value in self._bindings:
            if vars(holder).get(name, holder) is not value:
                setattr(holder, name, value)
        for generator, state in self._generators:
            put_state(generator, state)
        for container, saved in self._containers:
            if isinstance(container, dict):
                container.clear()
                container.update(saved)
            else:
                container[:] = saved
        for array, numbers in self._saved:
            if array.flags.writeable and not np.array_equal(array, numbers, equal_nan=True):
                array[...] = numbers


def _holders(layers: list[Any]) -> list[Any]:
    """The students' classes and modules of some layers."""
    found: dict[int, Any] = {}
    for layer in layers:
        for cls in type(layer).__mro__:
            module = _module_of(cls)
            if module:
                found |= {id(cls): cls, id(module): module}
    return list(found.values())


def _simple(holder: Any) -> list[tuple[str, Any]]:
    """What a class or a module holds under names of its own: numbers, arrays, lists and the like."""
    kinds = (int, float, np.ndarray, np.generic, list, dict, tuple, type(None))
    return [(n, value) for n, value in list(vars(holder).items()) if isinstance(value, kinds) and n[:2] != "__"]


def module_holdings(cls: type) -> list[Any]:
    """The arrays, and the mappings and lists of arrays, that a class's module holds."""
    module = _module_of(cls)
    return [value for value in vars(module).values() if holds_arrays(value)] if module else []


def generators_of(layer: Any) -> list[Any]:
    """The random generators that a layer can draw from: its own, its class's and its module's."""
    return [value for value in values_of(layer) if isinstance(value, GENERATORS)] + shared_generators(layer)


def shared_generators(layer: Any) -> list[Any]:
    """The random generators of a layer's class and its module."""
    module = _module_of(type(layer))
    holders = [*(vars(cls) for cls in type(layer).__mro__), vars(module) if module else {}]
    return [value for holder in holders for value in holder.values() if isinstance(value, GENERATORS)]


def _module_of(cls: type) -> ModuleType | None:
    if cls.__module__.partition(".")[0] in NOT_STUDENTS:
        return None
    return sys.modules.get(cls.__module__)
