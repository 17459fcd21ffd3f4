"""Copies what a student's objects hold, and puts it back into the objects that are there now."""

from __future__ import annotations

import random
from collections import deque
from types import FunctionType
from typing import Any

import numpy as np

from nnstep.holdings import cell_of

LONGEST, LONGEST_OF_NUMBERS = 1000, 100_000


def copy_of(value: Any) -> Any:
    """A copy of a number, an array, a list of them, or what a random generator goes on from."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, np.random.Generator):
        return dict(value.bit_generator.state)
    if isinstance(value, np.random.RandomState):
        return value.get_state()
    if isinstance(value, list | tuple | deque | set):
        return {"kind": type(value).__name__, "items": tuple(copy_of(part) for part in value)}
    return value.getstate() if isinstance(value, random.Random) else value


def made_anew(saved: Any) -> Any:
    """A value like the one that was saved; None where it cannot be made anew, such as a random generator."""
    if isinstance(saved, dict):
        make = {"tuple": tuple, "deque": deque, "set": set}.get(str(saved.get("kind")), list)
        return make(copy_of(item) for item in saved["items"]) if "items" in saved else None
    return None if isinstance(saved, tuple) else copy_of(saved)


def is_key(key: object) -> bool:
    """A key of a mapping that can be written down: a word, a number, or a tuple of such."""
    return isinstance(key, str | int) or (isinstance(key, tuple) and all(map(is_key, key)))


def written_key(key: object) -> str:
    """A key, or the name of an attribute, as it is written in a path, where a slash stands between two."""
    return str(key).replace("/", "∕")


def mark_of(thing: Any) -> Any:
    """What to remember of something that holds others: its kind, with its keys or its length."""
    if isinstance(thing, dict):
        return ("dict", *(key for key in list(thing)[:LONGEST] if is_key(key)))
    return (type(thing).__name__, len(thing)) if isinstance(thing, list | deque) else type(thing).__name__


def emptied(marked: Any) -> Any:
    """A mapping or list to fill again; None for anything else."""
    make = {"dict": dict, "list": list, "deque": deque}.get(marked[0]) if isinstance(marked, tuple) else None
    return make() if make else None


def key_of(marked: Any, written: str) -> Any:
    """The key of an entry, or the name of an attribute, from how it is written in a path."""
    if not isinstance(marked, tuple):
        return written
    if marked[0] == "dict":
        return next((key for key in marked[1:] if written_key(key) == written), written)
    return int(written)


def put_value(holder: Any, key: Any, live: Any, saved: Any) -> None:
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
        _set(holder, key, copy_of(saved))


def _put_list(holder: Any, key: Any, live: Any, saved: dict[str, Any]) -> None:
    """Puts the parts of a list back: in place where it has as many of them as then."""
    items = saved["items"]
    if isinstance(live, list | tuple | deque) and len(live) == len(items) and not isinstance(live, tuple):
        for number, (part, kept) in enumerate(zip(list(live), items, strict=True)):
            put_value(live, number, part, kept)
        return
    if isinstance(live, list | deque):
        live.clear()
        live.extend(copy_of(item) for item in items)
    elif isinstance(live, set):
        live.clear()
        live.update(items)
    else:
        _set(holder, key, made_anew(saved))


def _set(holder: Any, key: Any, value: Any) -> None:
    if isinstance(holder, dict | list | deque):
        holder[key] = value
    elif not isinstance(holder, tuple):
        setattr(holder, str(key), value)


def set_anew(holder: Any, key: Any, value: Any) -> None:
    """Puts a value where there is none now."""
    if isinstance(holder, FunctionType) and key in holder.__code__.co_freevars:
        cell_of(holder, key).cell_contents = value
    elif isinstance(holder, list | deque) and key == len(holder):
        holder.append(value)
    elif not isinstance(holder, list | deque):
        _set(holder, key, value)


def shorten(thing: Any, marked: Any) -> None:
    """Takes away what was added to a list since."""
    while isinstance(thing, list | deque) and isinstance(marked, tuple) and len(thing) > marked[1]:
        thing.pop()


def remove(holder: Any, key: Any) -> None:
    """Removes what was not there when the state was captured."""
    if isinstance(holder, dict):
        holder.pop(key, None)
    elif not isinstance(holder, list | tuple | deque) and key in getattr(holder, "__dict__", {}):
        delattr(holder, key)


def is_list_of_leaves(value: Any) -> bool:
    """A list, tuple or set of nothing but numbers, arrays and words."""
    if not isinstance(value, list | tuple | deque | set) or len(value) > LONGEST_OF_NUMBERS:
        return False
    return all(part is None or isinstance(part, (np.ndarray, bool, int, float, str, np.generic)) for part in value)
