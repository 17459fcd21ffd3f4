"""Many contenders from few lines: all combinations of lists, or draws from lists and ranges."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnstep.architecture import DEFAULT_LAYERS
from nnstep.wars.contest import SETTINGS
from nnstep.wars.toml_text import Kinds, Place, is_one_of, wanted

FILLED: dict[str, Kinds] = {"activation": (str,), "hidden": (int, str)}
WORDS: dict[str, Kinds] = SETTINGS | FILLED
RANGE = '{ from = 0.001, to = 0.1 }, with scale = "log" for even powers'
MOST = 10_000


def combinations(table: Mapping[str, Any], place: Place) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and settings of every combination of what stands in lists.

    Args:
        table: settings; a list stands for one after the other. `name` begins each name.
        place: where the table is.

    Raises:
        NnstepError: a key or a value makes no sense, with its line.
    """
    place.check(table, {"name": (str,)} | {key: (*kinds, list) for key, kinds in WORDS.items()})
    lists = {key: value if isinstance(value, list) else [value] for key, value in table.items() if key != "name"}
    for key, values in lists.items():
        _check_choices(key, values, place)
    if (count := math.prod(map(len, lists.values()))) > MOST:
        raise place.error("", f"{count:,} combinations, expected at most {MOST:,}")
    varying = [key for key in lists if isinstance(table[key], list)]
    for chosen in itertools.product(*lists.values()):
        settings = dict(zip(lists, chosen, strict=True))
        words = [table["name"]] if "name" in table else []
        yield " ".join([*words, *(str(settings[key]) for key in varying)]) or "grid", settings


def draws(table: Mapping[str, Any], place: Place) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and settings of `count` contenders whose values are drawn from lists and ranges, from `seed`.

    Args:
        table: settings; of a list one is chosen, of `{ from, to, scale }` a number between, the ends included.
        place: where the table is.

    Raises:
        NnstepError: a key or a value makes no sense, with its line.
    """
    more: dict[str, Kinds] = {"name": (str,), "count": (int,), "seed": (int,)}
    place.check(table, more | {key: (*kinds, list, dict) for key, kinds in WORDS.items()})
    count, seed = table.get("count"), table.get("seed", 0)
    if count is None:
        raise place.error("", "count is missing", "Such as count = 20")
    if not 1 <= count <= MOST:
        raise place.error("count", f"count expected a number from 1 to {MOST:,}, received {count}")
    if seed < 0:
        raise place.error("seed", f"seed expected 0 or more, received {seed}")
    for key, value in table.items():
        if isinstance(value, list):
            _check_choices(key, value, place)
        elif isinstance(value, dict):
            _check_range(key, value, place)
    rng = np.random.default_rng(seed)
    for number in range(1, count + 1):
        yield (
            f"{table.get('name', 'random')} {number}",
            {key: _draw(key, value, rng) for key, value in table.items() if key not in more},
        )


def filled(settings: dict[str, Any], place: Place) -> dict[str, Any]:
    """Puts `activation` and `hidden` where layers say {activation} and {hidden}.

    Raises:
        NnstepError: one is there without the other.
    """
    found = dict(settings)
    layers = found.get("layers", DEFAULT_LAYERS)
    for key in FILLED:
        mark, value = f"{{{key}}}", found.pop(key, None)
        if value is not None and mark not in layers:
            raise place.error(key, f"{key} has no place in layers '{layers}'", f"Write {mark} there")
        if value is None and mark in layers:
            raise place.error("layers", f"layers have {mark}, but {key} is missing", f"Such as {key} = …")
        layers = layers.replace(mark, str(value))
    return found | {"layers": layers}


def _check_choices(key: str, values: list[Any], place: Place) -> None:
    if not values:
        raise place.error(key, f"{key} expected a list of at least one, received none")
    for value in values:
        if not is_one_of(value, WORDS[key]):
            raise place.error(key, f"{key} expected {wanted(WORDS[key])} in its list, received {value!r}")


def _check_range(key: str, value: dict[str, Any], place: Place) -> None:
    kind: Kinds = (int,) if int in WORDS[key] else (float,)
    if not {int, float} & set(WORDS[key]):
        raise place.error(key, f"{key} is no number and has no range", "Give a list")
    if not {"from", "to"} <= value.keys() <= {"from", "to", "scale"}:
        raise place.error(key, f"{key}: a range has from and to, received {', '.join(value) or 'nothing'}", RANGE)
    low, high, scale = value["from"], value["to"], value.get("scale", "linear")
    if not (is_one_of(low, kind) and is_one_of(high, kind) and low <= high and math.isfinite(low + high)):
        raise place.error(key, f"{key}: from and to expected {wanted(kind)} each, from the smaller, received {value}")
    if scale not in ("linear", "log") or (scale == "log" and low <= 0):
        raise place.error(key, f"{key}: scale expected linear, or log with from above 0, received {scale!r}")


def _draw(key: str, value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, list):
        return value[int(rng.integers(len(value)))]
    if not isinstance(value, dict):
        return value
    low, high, whole = value["from"], value["to"], int in WORDS[key]
    if value.get("scale") == "log":
        number = math.exp(rng.uniform(math.log(low), math.log(high)))
        number = min(max(number, low), high)
        return round(number) if whole else float(f"{number:.4g}")
    return int(rng.integers(low, high + 1)) if whole else float(f"{rng.uniform(low, high):.4g}")
