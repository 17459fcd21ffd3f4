"""How to make a saved run again: the command line, and the versions that it was made with."""

from __future__ import annotations

import platform
import shlex
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from nnstep.branches import Branch
from nnstep.settings import Settings

VALUES = {
    "data": "samples",
    "limit": None,
    "test_limit": None,
    "net": None,
    "layers": "784,128,tanh,64,tanh,10,tanh",
    "loss": "mse",
    "init": "lecun",
    "seed": 0,
    "dtype": "float64",
    "weights": None,
    "patience": None,
}
TRAINING = ("optimizer", "weight_decay", "clip_norm", "schedule", "augment")
PACKAGES = ("numpy", "numba")


def repeat_command(config: dict[str, Any], first: Branch, per_epoch: int) -> str:
    """The command that trains the first branch of a run again, up to where it came.

    Args:
        config: the options that the run was made with.
        first: its first branch.
        per_epoch: how many samples an epoch has.
    """
    settings = first.settings
    words = ["nnstep", "train"]
    for name, usual in VALUES.items():
        if name != "layers" or config.get(name) is not None:
            words += _option(name, config.get(name, usual), usual)
    words += ["--learning-rate", f"{settings.learning_rate!r}"]
    if settings.batch_size != 1:
        words += ["--batch-size", str(settings.batch_size)]
    if settings.shuffle:
        words.append("--shuffle")
    usual_settings = Settings()
    for name in TRAINING:
        words += _option(name, getattr(settings, name), getattr(usual_settings, name))
    epochs, rest = divmod(first.head, per_epoch)
    words += ["--epochs", str(max(1, epochs + (rest > 0)))]
    engines = {stretch.engine for stretch in first.stretches} - {"steps"}
    if len(engines) == 1:
        words += ["--engine", engines.pop()]
    if rest:
        words += ["--watch", f"epoch == {epochs + 1} and sample == {rest + 1}"]
    return shlex.join([*words, "--save-run", "again.nnrun"])


def _option(name: str, value: object, usual: object) -> list[str]:
    return [] if value == usual else [f"--{name.replace('_', '-')}", str(value)]


def versions() -> dict[str, str]:
    """What this report was made with: nnstep, numpy, numba where it is installed, Python and the machine."""
    from nnstep import __version__

    found = {"nnstep": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found | {"Python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}
