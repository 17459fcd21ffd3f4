"""Contenders of a training table: a network, how it is trained, and by what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nnstep.engines.base import check_engine
from nnstep.errors import NnstepError
from nnstep.frameworks.base import FRAMEWORKS, check_installed
from nnstep.settings import Settings

OURS = "nnstep"
NAMES = {OURS: "nnstep", **FRAMEWORKS}
KEYS = ("name", "framework", "layers", "loss", "init", "optimizer", "rate", "batch", "dtype", "engine")
EXAMPLE = "framework=torch; layers=784,32,relu,10; optimizer=adam; rate=0.01; batch=64"


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table.

    Attributes:
        framework: nnstep, torch or keras.
        layers: the network in one line.
        loss, init: by name.
        settings: how to train.
        dtype: float64 or float32.
        engine: of nnstep: auto, numpy or numba.
        name: what the row is called; empty for the framework's name.
    """

    framework: str
    layers: str
    loss: str
    init: str
    settings: Settings
    dtype: str
    engine: str = "auto"
    name: str = ""

    @property
    def group(self) -> str:
        """What is trained and how, the same for contenders that differ only in what trains them."""
        rate, size = f"{self.settings.learning_rate:g}", self.settings.batch_size
        how = "one sample at a time" if size == 1 else f"batches of {size}"
        return f"{self.layers}, {self.loss}: {self.settings.optimizer} at {rate}, {how}, {self.dtype}"


def usual_contenders(base: Contender, frameworks: Sequence[str]) -> list[Contender]:
    """The course's benchmark, by nnstep and by each framework: plain descent, and Adam at two learning rates.

    Args:
        base: network, loss, order and type.
        frameworks: torch, keras or both.
    """
    ways = (
        replace(base.settings, learning_rate=0.1, batch_size=1, optimizer="sgd"),
        replace(base.settings, learning_rate=0.1, batch_size=64, optimizer="adam"),
        replace(base.settings, learning_rate=0.01, batch_size=64, optimizer="adam"),
    )
    who = (OURS, *frameworks)
    return [replace(base, framework=framework, settings=settings) for settings in ways for framework in who]


def parse_contender(text: str, base: Contender) -> Contender:
    """Reads `key=value` parts separated by semicolons; what is left out is as in `base`.

    Raises:
        NnstepError: a key is unknown or given twice, or a value makes no sense.
    """
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        key, equals, value = (word.strip() for word in part.partition("="))
        if not equals or key not in KEYS or not value:
            raise NnstepError(
                f"--contender '{text}': expected KEY=VALUE, received '{part}'",
                f"Keys: {', '.join(KEYS)}. Such as: {EXAMPLE}",
            )
        if key in found:
            raise NnstepError(f"--contender '{text}': {key} is given twice")
        found[key] = value
    if not found:
        raise NnstepError(f"--contender '{text}': expected KEY=VALUE", f"Such as: {EXAMPLE}")
    framework, dtype = found.get("framework", base.framework), found.get("dtype", base.dtype)
    if framework not in NAMES:
        raise NnstepError(f"--contender: unknown framework '{framework}'", f"Choose one of: {', '.join(NAMES)}")
    if dtype not in ("float64", "float32"):
        raise NnstepError(f"--contender: unknown dtype '{dtype}'", "Choose one of: float64, float32")
    check_engine(found.get("engine", base.engine))
    settings = replace(
        base.settings,
        learning_rate=_number(text, found, "rate", base.settings.learning_rate),
        batch_size=int(_number(text, found, "batch", base.settings.batch_size, whole=True)),
        optimizer=found.get("optimizer", base.settings.optimizer),
    )
    texts = {key: found[key] for key in ("layers", "loss", "init", "engine", "name") if key in found}
    return replace(base, framework=framework, dtype=dtype, settings=settings, **texts)


def installed(contenders: Sequence[Contender]) -> tuple[list[Contender], dict[str, str]]:
    """Those that can run here, and why which framework is missing."""
    missing: dict[str, str] = {}
    for framework in dict.fromkeys(contender.framework for contender in contenders):
        try:
            if framework != OURS:
                check_installed(framework)
        except NnstepError as error:
            missing[framework] = str(error)
    return [contender for contender in contenders if contender.framework not in missing], missing


def _number(text: str, found: dict[str, str], key: str, usual: float, whole: bool = False) -> float:
    if key not in found:
        return usual
    try:
        number = float(int(found[key])) if whole else float(found[key])
    except ValueError:
        number = float("nan")
    if not np.isfinite(number) or number < (1 if whole else 0):
        wanted = "a whole number, 1 or more" if whole else "a number, 0 or more"
        raise NnstepError(f"--contender '{text}': {key} expected {wanted}, received '{found[key]}'")
    return number
