"""What a run file must say of itself, so that its network and its data can be made again."""

from __future__ import annotations

from typing import Any

from nnstep.alarms.alarm import alarm_from_json
from nnstep.errors import NnstepError

Kinds = tuple[type, ...]
TEXT: Kinds = (str,)
NONE: Kinds = (type(None),)
KINDS: dict[str, Kinds] = {
    "data": TEXT,
    "layers": TEXT + NONE,
    "net": TEXT + NONE,
    "loss": TEXT,
    "init": TEXT,
    "seed": (int,),
    "limit": (int, *NONE),
    "test_limit": (int, *NONE),
    "patience": (int, *NONE),
}
NEEDED = ("data", "limit", "layers", "loss", "init", "seed", "dtype")


def config_fits(meta: dict[str, Any]) -> bool:
    """The configuration is one, and what it has is of the right kind.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: the alarms that were kept cannot be read.
    """
    config, samples, notes = meta.get("config"), meta.get("samples"), meta.get("notes", {})
    if not (isinstance(config, dict) and isinstance(notes, dict)) or type(samples) is not int or samples < 1:
        return False
    for alarm in notes.get("alarms", []):
        alarm_from_json(alarm)
    if not isinstance(meta.get("fingerprint"), str):
        return False
    known = [isinstance(config[name], kinds) for name, kinds in KINDS.items() if name in config]
    return all(known) and config.get("dtype", "float64") in ("float64", "float32")


def check_config(path: str, config: dict[str, Any]) -> None:
    """Raises an NnstepError where a configuration leaves out what network and data are made from."""
    missing = [name for name in NEEDED if name not in config]
    if missing:
        raise NnstepError(f"{path}: damaged: does not say its {', '.join(missing)}")
