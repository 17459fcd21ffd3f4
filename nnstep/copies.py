"""Copies of layers on which a trial may run anything: views stay views, and functions get cells of their own."""

from __future__ import annotations

import copy
import io
import types
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.holdings import values_of


def copied(layer: Any) -> Any:
    """A deep copy. Arrays that share memory go on sharing it, and functions that hold the layer hold the copy."""
    memo: dict[int, Any] = {}
    bases: dict[int, NDArray[Any]] = {}
    cells: list[tuple[types.CellType, types.CellType]] = []
    kept: list[Any] = []
    for value in values_of(layer):
        if isinstance(value, np.ndarray):
            _copy_view(value, memo, bases, kept)
            if not value.flags.writeable and type(value) is np.ndarray:
                memo.setdefault(id(value), value.copy(order="K")).flags.writeable = False
        elif isinstance(value, types.FunctionType) and value.__closure__:
            memo[id(value)] = _with_own_cells(value, cells)
        elif isinstance(value, types.ModuleType | io.IOBase) or hasattr(type(value), "acquire"):
            memo[id(value)] = value
    made = _part(layer, memo)
    for old, new in cells:
        new.cell_contents = _part(old.cell_contents, memo)
    return made


def _part(thing: Any, memo: dict[int, Any]) -> Any:
    """A deep copy in which only what cannot be copied, such as an open file, is the original's."""
    before = dict(memo)
    try:
        return copy.deepcopy(thing, memo)
    except MemoryError:
        raise
    except Exception:
        memo.clear()  # of what was made half
        memo.update(before)
        if isinstance(thing, list):
            return [_part(part, memo) for part in thing]
        return _copy_by_attributes(thing, memo)


def _copy_by_attributes(thing: Any, memo: dict[int, Any]) -> Any:
    try:
        held = vars(thing)
        made = object.__new__(type(thing))
        memo[id(thing)] = made
    except TypeError:
        return thing
    for name, value in held.items():
        object.__setattr__(made, name, _part(value, memo))
    return made


def _copy_view(array: NDArray[Any], memo: dict[int, Any], bases: dict[int, NDArray[Any]], kept: list[Any]) -> None:
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
