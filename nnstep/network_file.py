"""A network in a TOML file: the same that one line says, with a table for each layer."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnstep.activations import ACTIVATIONS
from nnstep.architecture import LayersError, build_network
from nnstep.errors import NnstepError
from nnstep.layer_parts import LARGEST, parse_input
from nnstep.layers import INITS
from nnstep.losses import LOSSES

TOP: dict[str, tuple[type, ...]] = {
    "input": (str, int, list),
    "layers": (str,),
    "layer": (list,),
    "loss": (str,),
    "init": (str,),
}
POOL: dict[str, tuple[type, ...]] = {"window": (int, list), "stride": (int,)}
KINDS: dict[str, dict[str, tuple[type, ...]]] = {
    "affine": {"outputs": (int,)},
    "conv": {"filters": (int,), "kernel": (int, list), "stride": (int,), "padding": (int, str)},
    "maxpool": POOL,
    "avgpool": POOL,
    "dropout": {"rate": (float,)},
    "flatten": {},
    "batchnorm": {},
    "softmax": {},
}
NEEDED = {"affine": "outputs", "conv": "filters", "dropout": "rate"}
WORDS = {str: "text", int: "a whole number", float: "a number", list: "a list"}


@dataclass(frozen=True, slots=True)
class NetworkFile:
    """What a file says of a network.

    Attributes:
        layers: its one-line description.
        loss, init: where they are given.
    """

    layers: str
    loss: str | None
    init: str | None


def read_network_file(path: str) -> NetworkFile:
    """Reads `input` and a `[[layer]]` table for each layer (or `layers`, the one line), `loss` and `init`.

    The network was tried: it can be built.

    Raises:
        NnstepError: naming file, line, and what is possible there.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise NnstepError(f"{path}: cannot be read ({reason})") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NnstepError(f"{path}: no TOML: {error}") from None
    return _Reader(path, text).network(table)


class _Reader:
    """Turns the tables of one file into the line; knows where in the file they are."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.lines = path, text.splitlines()

    def network(self, table: dict[str, Any]) -> NetworkFile:
        self.check(table, TOP, 0, "the file")
        if ("layers" in table) == ("layer" in table):
            raise NnstepError(f"{self.path}: expected either layers, the one line, or [[layer]] tables")
        if "layers" in table and "input" in table:
            raise self.error(0, "input", "input beside layers, the one line, which begins with it", "Leave input out")
        layers = table["layers"] if "layers" in table else self.line(table)
        try:
            build_network(layers, table.get("loss", "mse"))
        except LayersError as error:
            raise self.placed(error, table.get("layer")) from None
        return NetworkFile(layers, table.get("loss"), table.get("init"))

    def placed(self, error: LayersError, layers: list[dict[str, Any]] | None) -> NnstepError:
        """What is wrong with the line that was made of the tables, with the place of the table that it comes from."""
        if layers is None:
            return self.error(0, "layers", error.message, error.hint)
        if error.part < 2:
            return self.error(0, "input" if error.part else "layer", f"the layers {error.what}", error.hint)
        number = error.part - 1
        return self.error(self.start(number), "kind", f"{_title(layers, number)}: {error.what}", error.hint)

    def line(self, table: dict[str, Any]) -> str:
        if "input" not in table:
            raise NnstepError(f"{self.path}: input is missing", 'Such as input = 784 or input = "28x28"')
        return ",".join([_sizes(table["input"]), *(self.part(layer, i) for i, layer in enumerate(table["layer"], 1))])

    def part(self, layer: Any, number: int) -> str:
        start = self.start(number)
        kinds = (*KINDS, *ACTIVATIONS)
        kind = layer.get("kind") if isinstance(layer, dict) else None
        if kind not in kinds:
            what = f"unknown kind '{kind}'" if kind is not None else "kind is missing"
            raise self.error(start, "kind", f"layer {number}: {what}", f"Possible: {', '.join(kinds)}")
        known = KINDS.get(kind, {})
        self.check(layer, {"kind": (str,), **known}, start, f"layer {number} ({kind})")
        if kind in NEEDED and NEEDED[kind] not in layer:
            raise self.error(start, "kind", f"layer {number} ({kind}): {NEEDED[kind]} is missing", "")
        words = [] if kind == "affine" else [kind]
        for key, before in (("outputs", ""), ("filters", ""), ("rate", ""), ("kernel", ""), ("window", "")):
            words += [before + _sizes(layer[key])] if key in layer else []
        words += ["stride", str(layer["stride"])] if "stride" in layer else []
        words += ["pad", str(layer["padding"])] if "padding" in layer else []
        return " ".join(words)

    def check(self, table: dict[str, Any], known: dict[str, tuple[type, ...]], start: int, where: str) -> None:
        for key, value in table.items():
            if key not in known:
                raise self.error(start, key, f"{where}: unknown key '{key}'", f"Possible: {', '.join(known)}")
            kinds = (*known[key], int) if float in known[key] else known[key]
            if not isinstance(value, kinds) or isinstance(value, bool):
                wanted = " or ".join(WORDS[kind] for kind in known[key])
                hint = "Write [[layer]]" if key == "layer" else ""
                raise self.error(start, key, f"{where}: {key} expected {wanted}, received {value!r}", hint)
            wanted, fits = POSSIBLE.get(key, ("", lambda value: True))
            if not fits(value):
                raise self.error(start, key, f"{where}: {key} expected {wanted}, received {value!r}", "")

    def start(self, number: int) -> int:
        """The line where a layer's table begins, from 0."""
        found = [i for i, line in enumerate(self.lines) if re.match(r"\s*\[\[\s*layer\s*\]\]", line)]
        return found[number - 1] if len(found) >= number else 0

    def error(self, start: int, key: str, message: str, hint: str) -> NnstepError:
        """An error with the line of a key, looked for in the table that begins at a line."""
        pattern = re.compile(rf"""\s*(["']?){re.escape(key)}\1\s*=|\s*\[+\s*{re.escape(key)}\b""")
        end = len(self.lines)
        if start:
            end = next((i for i in range(start + 1, end) if re.match(r"\s*\[", self.lines[i])), end)
        line = next((i for i in range(start, end) if pattern.match(self.lines[i])), start)
        return NnstepError(f"{self.path}, line {line + 1}: {message}", hint)


def _is_size(value: Any, least: int = 1) -> bool:
    return type(value) is int and least <= value <= LARGEST


def _is_window(value: Any) -> bool:
    """One size, or height and width."""
    return _is_size(value) or (isinstance(value, list) and len(value) == 2 and all(map(_is_size, value)))


def _is_input(value: Any) -> bool:
    """A number of inputs, or a picture."""
    try:
        parse_input(_sizes(value))
    except ValueError:
        return False
    return not isinstance(value, list) or 2 <= len(value) <= 3 and all(map(_is_size, value))


SIZE = f"a whole number from 1 to {LARGEST:,}"
WINDOW = f"a size from 1 to {LARGEST:,}, or [height, width]"
PADDING = f'a whole number from 0 to {LARGEST:,}, or "same"'
INPUT = f'sizes from 1 to {LARGEST:,}, such as 784, "28x28" or [32, 32, 3]'
POSSIBLE: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "input": (INPUT, _is_input),
    "outputs": (SIZE, _is_size),
    "filters": (SIZE, _is_size),
    "stride": (SIZE, _is_size),
    "kernel": (WINDOW, _is_window),
    "window": (WINDOW, _is_window),
    "padding": (PADDING, lambda value: value == "same" or _is_size(value, 0)),
    "rate": ("a number from 0 to below 1", lambda value: 0 <= value < 1),
    "loss": (f"one of {', '.join(LOSSES)}", lambda value: value in LOSSES),
    "init": (f"one of {', '.join(INITS)}", lambda value: value in INITS),
}


def _title(layers: list[dict[str, Any]], number: int) -> str:
    return f"layer {number} ({layers[number - 1]['kind']})"


def _sizes(value: Any) -> str:
    """Such as `3x3` for a list; anything else as it is written."""
    return "x".join(map(str, value)) if isinstance(value, list) else str(value)
