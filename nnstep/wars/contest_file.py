"""Reads a contest file: contenders, grids and random ranges, the data, the budget and the seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from nnstep.architecture import build_network, describe_layers
from nnstep.data import KERAS_SETS
from nnstep.engines.base import choose_engine
from nnstep.errors import NnstepError
from nnstep.layers import INITS
from nnstep.losses import LOSSES
from nnstep.network import Network
from nnstep.network_file import read_network_file
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.wars.contest import SETTINGS, USUAL, USUAL_EPOCHS, Contender, Contest
from nnstep.wars.toml_text import Kinds, Place, TomlText
from nnstep.wars.variations import FILLED, combinations, draws, filled
from nnstep.workbench import check_batches

SEEDS: dict[str, Kinds] = {"seed": (int,), "seeds": (int, list)}
TOP: dict[str, Kinds] = {
    "name": (str,),
    "data": (str,),
    "limit": (int,),
    "test_limit": (int,),
    "epochs": (int,),
    "seconds": (float,),
    "parameters": (int,),
    **SEEDS,
    "defaults": (dict,),
    "contender": (list,),
    "grid": (dict, list),
    "random": (dict, list),
}
TRAINING = ("learning_rate", "batch_size", "optimizer", "weight_decay", "clip_norm", "schedule", "augment")
DTYPES = ("float64", "float32")
MOST_SEEDS = 1000
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command's options say in place of the file; None where they say nothing."""

    data: str | None = None
    limit: int | None = None
    test_limit: int | None = None
    epochs: int | None = None
    seconds: float | None = None
    seeds: int | None = None


def read_contest(path: str, overrides: Overrides | None = None) -> Contest:
    """Reads a contest; every contender was tried: its network can be built, its settings make sense.

    Raises:
        NnstepError: naming file, line, and what is possible there.
    """
    return _Reader(TomlText(path), overrides or Overrides()).contest()


class _Reader:
    """Makes a contest of one file."""

    def __init__(self, text: TomlText, overrides: Overrides) -> None:
        self.text, self.top, self.overrides = text, text.place(""), overrides
        self.table = _underscored(text.table)
        self.defaults: dict[str, Any] = {}

    def contest(self) -> Contest:
        table, top, said = self.table, self.top, self.overrides
        top.check(table, TOP)
        for key in ("limit", "test_limit", "epochs", "parameters"):
            if key in table and table[key] < 1:
                raise top.error(key, f"{key} expected 1 or more, received {table[key]}")
        if "seconds" in table and not 0 < table["seconds"] < math.inf:
            raise top.error("seconds", f"seconds expected a number above 0, received {table['seconds']}")
        seconds = table.get("seconds") if said.seconds is None else said.seconds
        epochs = table.get("epochs") if said.epochs is None else said.epochs
        if epochs is None and seconds is None:
            epochs = USUAL_EPOCHS
        self.epochs = epochs
        self.seeds = self._seeds(table, top, (0,))
        if said.seeds is not None:
            self.seeds = tuple(range(self.seeds[0], self.seeds[0] + said.seeds))
        self._read_defaults()
        return Contest(
            path=self.text.path,
            name=table.get("name", Path(self.text.path).stem),
            data=self._data() if said.data is None else said.data,
            limit=table.get("limit") if said.limit is None else said.limit,
            test_limit=table.get("test_limit") if said.test_limit is None else said.test_limit,
            data_place="" if said.data is not None else f"{self.text.path}, line {top.line('data')}",
            epochs=epochs,
            seconds=seconds,
            parameters=table.get("parameters"),
            contenders=self._contenders(),
        )

    def _data(self) -> str:
        """A file is looked for beside the contest file first."""
        data: str = self.table.get("data", "samples")
        beside = Path(self.text.path).parent / data
        return str(beside) if data not in ("samples", *KERAS_SETS) and beside.exists() else data

    def _read_defaults(self) -> None:
        self.defaults = self.table.get("defaults", {})
        self.defaults_place = self.text.place("defaults")
        self.defaults_place.check(self.defaults, SETTINGS | FILLED)

    def _contenders(self) -> tuple[Contender, ...]:
        found: dict[str, Contender] = {}
        lines: dict[str, int] = {}
        for name, settings, place in self._described():
            if name in found:
                first = f"{self.text.path}, line {lines[name]}"
                raise place.error("name", f"a second contender of the name '{name}'; first: {first}")
            lines[name] = place.line("name")
            found[name] = self._contender(name, settings, place)
        if not found:
            raise self.top.error("", "no contender", "Possible: [[contender]], [grid] and [random] tables")
        return tuple(found.values())

    def _described(self) -> Iterator[tuple[str, dict[str, Any], Place]]:
        for number, table in enumerate(self.table.get("contender", []), 1):
            place = self.text.place("contender", number)
            if not isinstance(table, dict):
                raise place.error("", f"contender expected tables, received {table!r}", "Write [[contender]]")
            place.check(table, {"name": (str,), **SETTINGS, **FILLED, **SEEDS})
            name = " ".join(table.get("name", "").split())
            if not name:
                raise place.error("name", "name is missing", 'Each contender has one, such as name = "wide"')
            yield name, {key: value for key, value in table.items() if key != "name"}, place
        for kind, expand in (("grid", combinations), ("random", draws)):
            tables = self.table.get(kind, [])
            for number, table in enumerate(tables if isinstance(tables, list) else [tables], 1):
                place = self.text.place(kind, number)
                if not isinstance(table, dict):
                    raise place.error("", f"{kind} expected a table, received {table!r}")
                for name, settings in expand(table, place):
                    yield name, settings, place

    def _contender(self, name: str, given: dict[str, Any], place: Place) -> Contender:
        seeds = self._seeds(given, place, self.seeds)
        own = {key: value for key, value in given.items() if key not in SEEDS}
        usual = {key: value for key, value in self.defaults.items() if key not in FILLED or self._takes(key, own)}
        where = _Where(place, self.defaults_place, given, name)
        settings = USUAL | {"epochs": self.epochs} | filled(usual | own, place)
        if settings["epochs"] is not None and settings["epochs"] < 1:
            raise where.error("epochs", f"epochs expected 1 or more, received {settings['epochs']}")
        if self.epochs is not None and settings["epochs"] > self.epochs:
            if self.overrides.epochs is None:
                raise where.error("epochs", f"{settings['epochs']} epochs, but the contest has {self.epochs}")
            settings["epochs"] = self.epochs
        for key in ("learning_rate", "weight_decay", "clip_norm"):
            settings[key] = None if settings[key] is None else float(settings[key])
        network = self._network(settings, where)
        settings["layers"] = describe_layers(network) or settings["layers"]
        parameters = sum(array.size for layer in network.layers for array in layer.parameters.values())
        line = where.line("layers")
        return Contender(name, settings, seeds, parameters, f"{self.text.path}, line {line}")

    def _takes(self, key: str, own: dict[str, Any]) -> bool:
        """A contender with layers of its own needs no `activation` of the defaults where these have no place for it."""
        return f"{{{key}}}" in own.get("layers", self.defaults.get("layers", "")) and key not in own

    def _network(self, settings: dict[str, Any], where: _Where) -> Network:
        """Tries all settings, one at a time, so that an error names the line of the one at fault."""
        for key in TRAINING:
            if settings[key] is not None:
                where.attempt(key, partial(Settings, **{key: settings[key]}))
        for key, known in (("loss", tuple(LOSSES)), ("init", tuple(INITS)), ("dtype", DTYPES)):
            if settings[key] not in known:
                raise where.error(key, f"unknown {key} '{settings[key]}'", f"Possible: {', '.join(known)}")
        if settings["patience"] is not None and settings["patience"] < 1:
            raise where.error("patience", f"patience expected 1 or more, received {settings['patience']}")
        if settings["layers"].lower().endswith(".toml"):
            beside = str(Path(self.text.path).parent / settings["layers"])
            file = where.attempt("layers", partial(read_network_file, beside))
            settings["layers"] = file.layers
            for key in ("loss", "init"):
                settings[key] = settings[key] if where.gives(key) else getattr(file, key) or settings[key]
        network = where.attempt(
            "layers",
            lambda: build_network(settings["layers"], settings["loss"], settings["init"], 0, settings["dtype"]),
        )
        stack = Stack(network.layers, network.loss)
        where.attempt("engine", lambda: choose_engine(settings["engine"], stack, at_once=False))
        training = Settings(**{key: settings[key] for key in ("learning_rate", "batch_size")})
        where.attempt("batch_size", lambda: check_batches(network, training))
        return network

    def _seeds(self, table: Mapping[str, Any], place: Place, usual: tuple[int, ...]) -> tuple[int, ...]:
        first, seeds = table.get("seed"), table.get("seeds")
        if first is not None and first < 0:
            raise place.error("seed", f"seed expected 0 or more, received {first}")
        if isinstance(seeds, list):
            if first is not None:
                raise place.error("seed", "seed beside a list of seeds", "Give one of both")
            if not seeds or not all(type(seed) is int and seed >= 0 for seed in seeds) or len(set(seeds)) < len(seeds):
                raise place.error("seeds", f"seeds expected different whole numbers, 0 or more, received {seeds}")
            return tuple(seeds)
        if seeds is not None and not 1 <= seeds <= MOST_SEEDS:
            raise place.error("seeds", f"seeds expected a number from 1 to {MOST_SEEDS}, or a list, received {seeds}")
        if first is None and seeds is None:
            return usual
        begin = usual[0] if first is None else first
        return tuple(range(begin, begin + (seeds or (len(usual) if table is not self.table else 1))))


@dataclass(frozen=True, slots=True)
class _Where:
    """Finds the line of a contender's setting, in its own table or in the defaults."""

    place: Place
    defaults: Place
    given: Mapping[str, Any]
    name: str

    def gives(self, key: str) -> bool:
        """The file says something of this key."""
        return key in self.given or self.defaults.line(key) != self.defaults.line()

    def line(self, key: str) -> int:
        """The line, counted from 1."""
        if key not in self.given and self.defaults.line(key) != self.defaults.line():
            return self.defaults.line(key)
        return self.place.line(key)

    def error(self, key: str, message: str, hint: str = "") -> NnstepError:
        """An error with file, line and contender."""
        return NnstepError(f"{self.place.text.path}, line {self.line(key)}: {self.name}: {message}", hint)

    def attempt(self, key: str, make: Callable[[], Made]) -> Made:
        """What `make` gives; where it raises an error, with the line of the key."""
        try:
            return make()
        except NnstepError as error:
            hint = error.hint.replace("Choose one of:", "Possible:").replace("--", "")
            raise self.error(key, error.message, hint) from None
        except MemoryError:
            raise self.error(key, "this does not fit into memory") from None


def _underscored(table: dict[str, Any]) -> dict[str, Any]:
    """The same table with learning_rate for learning-rate, as the command's options are spelt too."""
    return {
        key.replace("-", "_"): _underscored(value)
        if isinstance(value, dict)
        else [_underscored(item) if isinstance(item, dict) else item for item in value]
        if isinstance(value, list)
        else value
        for key, value in table.items()
    }
