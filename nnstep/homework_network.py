"""Finds the network in a student's module: under its usual names, in any object or class with layers, or as a list."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from types import ModuleType
from typing import Any

import numpy as np

from nnstep.homework_loss import required_arguments
from nnstep.missing_modules import Absent
from nnstep.student_code import StudentCode
from nnstep.student_errors import StudentError

METHODS = ("forward_propagation", "backward_propagation")
NETWORKS = ("network", "net", "model", "nn", "mlp", "my_network", "my_net", "neural_network")
BUILDERS = tuple(
    f"{verb}_{noun}"
    for verb in ("build", "make", "create", "get", "new")
    for noun in ("network", "net", "model", "nn", "layers")
)
MOST_LAYERS = 10_000
LISTS = (
    "layers",
    "_layers",
    "layer_list",
    "layerlist",
    "all_layers",
    "stack",
    "sequence",
    "modules",
    "blocks",
    "schichten",
)


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """A network and its layers.

    Attributes:
        network: what holds them.
        layers: as instances, each keeping the protocol.
        origin: what it was found as: `network`, `build_network()`, `class MyNet`.
    """

    network: object
    layers: list[Any]
    origin: str


def find_network(module: ModuleType, code: StudentCode) -> Found | StudentError:
    """Finds the network of a module.

    `network` and `build_network()` go first, then objects with layers, lists of layers, functions that are called like
    builders, and classes with layers that can be made without arguments.

    Returns:
        What was found, or the error that says what was looked for.

    Raises:
        StudentError: what was found cannot be used, or the student's code raised.
    """
    names = vars(module)
    why_not: StudentError | None = None
    for origin, value in _candidates(names, code):
        meant = origin in ("network", "build_network()")
        try:
            network = code.call(f"{value.__name__}()", value) if inspect.isroutine(value) else value
            if inspect.isclass(network):
                network = _made(network, code, origin)
            layers = _layers_of(network, code)
        except StudentError as error:
            if meant:
                raise
            why_not = why_not or error
            continue
        if layers:
            return Found(network, _instances(layers, origin, code), origin)
        if layers is not None:
            why_not = why_not or (_nothing(names, code) if origin.startswith("class ") else _empty(origin, code))
        elif meant:
            raise _no_layers(network, origin, code)
    return why_not or _nothing(names, code)


def _candidates(names: Mapping[str, Any], code: StudentCode) -> list[tuple[str, Any]]:
    """What may be the network, the best first."""
    found: list[tuple[str, Any]] = []
    if names.get("network") is not None and not inspect.ismodule(names["network"]):
        found.append(("network", names["network"]))
    if inspect.isroutine(names.get("build_network")):
        found.append(("build_network()", names["build_network"]))
    strange = (ModuleType, Absent)
    own = {k: v for k, v in names.items() if not k.startswith("__") and not isinstance(v, strange)}
    order = [*(name for name in NETWORKS if name in own), *reversed(own)]
    things = [n for n in order if n != "network" and not inspect.isclass(own[n]) and not inspect.isroutine(own[n])]
    found += [(n, own[n]) for n in things if not isinstance(own[n], list | tuple) and _holds(own[n], code)]
    lists = sorted(
        (n for n in things if isinstance(own[n], list | tuple)), key=lambda n: (n not in LISTS, n not in NETWORKS)
    )
    found += [(n, own[n]) for n in lists if own[n] and all(_is_layer(part) for part in own[n])]
    builders = [n for n in (*BUILDERS, *NETWORKS) if inspect.isroutine(own.get(n)) and n != "build_network"]
    found += [(f"{n}()", own[n]) for n in builders if required_arguments(own[n]) == 0]
    classes = [n for n in reversed(own) if inspect.isclass(own[n]) and own[n].__module__ == names["__name__"]]
    with_layers = [n for n in classes if isinstance(vars(own[n]).get("layers"), list | tuple)]
    makeable = [
        n for n in classes if n not in with_layers and not _is_layer(own[n]) and required_arguments(own[n]) == 0
    ]
    found += [(f"class {n}", own[n]) for n in with_layers]
    found += [
        (f"class {n}", own[n])
        for n in sorted(makeable, key=lambda n: "net" not in n.lower() and "model" not in n.lower())
    ]
    return found


def _holds(value: object, code: StudentCode) -> bool:
    """An object of a class of its own that has layers."""
    if not hasattr(value, "__dict__") or type(value).__module__.partition(".")[0] in ("numpy", "builtins"):
        return False
    return bool(_layers_of(value, code))


def _layers_of(network: object, code: StudentCode) -> list[Any] | None:
    """The layers that something holds, None where it holds none."""
    if isinstance(network, dict | list | tuple):
        return _all_layers(_listed(network, code))
    held = code.call(f"layers of {type(network).__name__}", getattr, network, "layers", None)
    if callable(held) and not inspect.isclass(held) and required_arguments(held) == 0:
        held = code.call("layers()", held)
    if (listed := _listed(held, code)) is not None:
        return listed
    attributes = getattr(network, "__dict__", {})
    for name in [*(name for name in LISTS if name in attributes), *attributes]:
        value = attributes[name]
        parts = _listed(value, code) if isinstance(value, dict | list | tuple | deque) else None
        if parts and all(_is_layer(part) for part in parts):
            return parts
    alone = [value for value in attributes.values() if _is_layer(value)]
    if alone and not isinstance(network, type):
        return alone
    if _is_layer(network):
        return None if inspect.isclass(network) else [network]
    return _all_layers(_listed(network, code))


def _all_layers(parts: list[Any] | None) -> list[Any] | None:
    """The parts, where there are some and all of them are layers, or classes of such."""
    return parts if parts and all(_is_layer(part) or inspect.isclass(part) for part in parts) else None


def _listed(value: object, code: StudentCode) -> list[Any] | None:
    """The parts of a list, tuple, mapping, generator or another thing to go through; None for anything else."""
    if isinstance(value, list | tuple | dict):
        return list(value.values() if isinstance(value, dict) else value)
    if isinstance(value, str | bytes | type) or not isinstance(value, Iterable) or _is_layer(value):
        return None
    if isinstance(value, np.ndarray) and value.dtype != object:
        return None
    return code.call(f"going through {type(value).__name__}", _first_layers, value)


def _first_layers(parts: Iterable[Any]) -> list[Any]:
    """What is gone through, up to the first that is no layer: batches of data may have no end."""
    found = []
    for part in islice(parts, MOST_LAYERS):
        found.append(part)
        if not _is_layer(part) and not inspect.isclass(part):
            break
    return found


def _is_layer(value: object) -> bool:
    return all(callable(getattr(value, method, None)) for method in METHODS)


def _instances(layers: list[Any], origin: str, code: StudentCode) -> list[Any]:
    """The layers themselves; classes are made instances.

    Raises:
        StudentError: one is no layer.
    """
    made = []
    for number, layer in enumerate(layers, 1):
        instance = _made(layer, code, f"layer {number} of {origin}") if inspect.isclass(layer) else layer
        for method in METHODS:
            if not callable(getattr(instance, method, None)):
                raise _no_method(number, instance, method, code)
        made.append(instance)
    return made


def _made(cls: type, code: StudentCode, origin: str) -> Any:
    """An instance of a class whose constructor needs no arguments."""
    needed = required_arguments(cls)
    if needed:
        raise StudentError(
            f"{code.name}: {origin} is the class {cls.__name__} itself, whose constructor needs {_arguments(cls)}",
            f"Write {cls.__name__}(…) with its arguments", file=code.name, line=_line_of(cls), kind="loading",
        )  # fmt: skip
    make: Callable[[], Any] = cls
    return code.call(f"{cls.__name__}()", make)


def _no_method(number: int, layer: object, method: str, code: StudentCode) -> StudentError:
    kind = type(layer).__name__
    line = _line_of(type(layer))
    where = f"{code.name}, {code.place(line)}" if line else code.name
    start = method.partition("_")[0]
    near = [n for n in dir(layer) if n.startswith(start) and n != method and not n.startswith("_")]
    hint = (
        f"It has {near[0]}: call it {method}"
        if near
        else f"A layer has {METHODS[0]}(X) and {METHODS[1]}(dE_dY, learning_rate)"
    )
    return StudentError(
        f"{where}: layer {number} ({kind}) has no method {method}", hint, file=code.name, line=line, kind="protocol"
    )


def _no_layers(network: object, origin: str, code: StudentCode) -> StudentError:
    held = "nothing" if network is None else f"an object of type {type(network).__name__}"
    if isinstance(network, list | tuple):
        held = f"a {type(network).__name__} of {len(network)} values that are not all layers"
        for number, layer in enumerate(network, 1):
            for method in METHODS:
                if not callable(getattr(layer, method, None)):
                    return _no_method(number, layer, method, code)
    return StudentError(
        f"{code.name}: {origin} is {held}; expected an object with `layers`, or a list of layers",
        "Keep the layers in a list called layers", file=code.name, kind="loading",
    )  # fmt: skip


def _empty(origin: str, code: StudentCode) -> StudentError:
    return StudentError(
        f"{code.name}: {origin} has no layers", "Add them where it is defined, or define build_network()",
        file=code.name, kind="loading",
    )  # fmt: skip


def _nothing(names: Mapping[str, Any], code: StudentCode) -> StudentError:
    own = [n for n, v in names.items() if inspect.isclass(v) and v.__module__ == names["__name__"]]
    defines = f"; it defines {', '.join(own[:8])}" if own else ""
    return StudentError(
        f"{code.name}: no network found: looked for `network`, `build_network()`, an object or class with "
        f"`layers`, and a list of layers{defines}",
        "Write network = … or def build_network(): …; what stands under if __name__ == '__main__' does not run",
        file=code.name, kind="loading",
    )  # fmt: skip


def _arguments(cls: type) -> str:
    try:
        parameters = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError):
        return "arguments"
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return ", ".join(needed)


def _line_of(cls: type) -> int | None:
    try:
        return inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        return None
