"""Random generators that layers share with their module or class: copying a layer does not copy them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from nnstep.stack import Stack


@contextmanager
def undrawn(stack: Stack) -> Iterator[None]:
    """Puts the generators back as they were, whatever a trial run draws from them."""
    found = {id(one): one for layer in stack.layers for one in _generators(layer)}.values()
    states = [_state(one) for one in found]
    try:
        yield
    finally:
        for one, state in zip(found, states, strict=True):
            _restore(one, state)


def _generators(layer: object) -> Iterator[Any]:
    for part in (layer, *getattr(layer, "__dict__", {}).values()):
        kinds = [kind for kind in type(part).__mro__ if kind.__module__ != "builtins"]
        for place in [vars(kind) for kind in kinds] + [_globals(kind) for kind in kinds]:
            yield from (one for one in list(place.values()) if _is_generator(one))


def _globals(kind: type) -> dict[str, Any]:
    """The module in which a class has its methods, unless it is numpy's."""
    method = next((one for one in vars(kind).values() if hasattr(one, "__globals__")), None)
    if method is None or kind.__module__.partition(".")[0] in ("numpy", "nnstep"):
        return {}
    names: dict[str, Any] = method.__globals__
    return names


def _is_generator(one: object) -> bool:
    return isinstance(one, np.random.Generator | np.random.RandomState | random.Random)


def _state(one: Any) -> Any:
    if isinstance(one, np.random.Generator):
        return one.bit_generator.state
    return one.get_state() if isinstance(one, np.random.RandomState) else one.getstate()


def _restore(one: Any, state: Any) -> None:
    if isinstance(one, np.random.Generator):
        one.bit_generator.state = state
    elif isinstance(one, np.random.RandomState):
        one.set_state(state)
    else:
        one.setstate(state)
