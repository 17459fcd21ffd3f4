"""Random generators that layers share with their module or class: copying a layer does not copy them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nnstep.random_state import GENERATORS, put_state, state_of
from nnstep.stack import Stack


@contextmanager
def undrawn(stack: Stack) -> Iterator[None]:
    """Puts the generators back as they were, whatever a trial run draws from them."""
    found = {id(one): one for layer in stack.layers for one in _generators(layer)}.values()
    states = [state_of(one) for one in found]
    try:
        yield
    finally:
        for one, state in zip(found, states, strict=True):
            put_state(one, state)


def _generators(layer: object) -> Iterator[Any]:
    for part in (layer, *getattr(layer, "__dict__", {}).values()):
        kinds = [kind for kind in type(part).__mro__ if kind.__module__ != "builtins"]
        for place in [vars(kind) for kind in kinds] + [_globals(kind) for kind in kinds]:
            yield from (one for one in list(place.values()) if isinstance(one, GENERATORS))


def _globals(kind: type) -> dict[str, Any]:
    """The module in which a class has its methods, unless it is numpy's."""
    method = next((one for one in vars(kind).values() if hasattr(one, "__globals__")), None)
    if method is None or kind.__module__.partition(".")[0] in ("numpy", "nnstep"):
        return {}
    names: dict[str, Any] = method.__globals__
    return names
