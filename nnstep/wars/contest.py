"""A contest: its contenders, what they learn from, and how long they may."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnstep.architecture import DEFAULT_LAYERS, build_network
from nnstep.errors import NnstepError
from nnstep.runs import fingerprint
from nnstep.samples import Dataset
from nnstep.wars.toml_text import Kinds
from nnstep.workbench import check_fit

SETTINGS: dict[str, Kinds] = {
    "layers": (str,),
    "loss": (str,),
    "init": (str,),
    "learning_rate": (float,),
    "batch_size": (int,),
    "shuffle": (bool,),
    "optimizer": (str,),
    "weight_decay": (float,),
    "clip_norm": (float,),
    "schedule": (str,),
    "augment": (str,),
    "dtype": (str,),
    "engine": (str,),
    "patience": (int,),
    "epochs": (int,),
}
USUAL: dict[str, Any] = {
    "layers": DEFAULT_LAYERS,
    "loss": "mse",
    "init": "lecun",
    "learning_rate": 0.1,
    "batch_size": 1,
    "shuffle": False,
    "optimizer": "sgd",
    "weight_decay": None,
    "clip_norm": None,
    "schedule": "constant",
    "augment": "",
    "dtype": "float64",
    "engine": "auto",
    "patience": None,
}
USUAL_EPOCHS = 20


@dataclass(frozen=True, slots=True)
class Contender:
    """One network and how it is trained.

    Attributes:
        name: unlike all others of the contest.
        settings: by the names of the command's options, all of `SETTINGS`.
        seeds: it is trained once with each.
        parameters: how many numbers it learns.
        place: file and line, for errors.
    """

    name: str
    settings: Mapping[str, Any]
    seeds: tuple[int, ...]
    parameters: int
    place: str


@dataclass(frozen=True, slots=True)
class Contest:
    """What a contest file says.

    Attributes:
        path: the file.
        name: the contest's.
        data, limit, test_limit: as the command's options.
        data_place: file and line of `data`; empty where it is none of the file's.
        epochs, seconds, parameters: the budget of each contender; None for no limit.
        contenders: in the file's order.
    """

    path: str
    name: str
    data: str
    limit: int | None
    test_limit: int | None
    data_place: str
    epochs: int | None
    seconds: float | None
    parameters: int | None
    contenders: tuple[Contender, ...]

    def check_data(self, data: Dataset) -> None:
        """Raises an NnstepError with the line of a network that does not fit the data."""
        for contender in self.contenders:
            settings = contender.settings
            network = build_network(settings["layers"], settings["loss"], settings["init"], 0, settings["dtype"])
            try:
                check_fit(network, data)
            except NnstepError as error:
                raise NnstepError(
                    f"{contender.place}: {contender.name}: {error.message}", error.hint.replace("--", "")
                ) from None

    def why_not(self, contender: Contender) -> str | None:
        """Why a contender may not take part, or None."""
        if self.parameters is not None and contender.parameters > self.parameters:
            return f"it has {contender.parameters:,} parameters, the budget is {self.parameters:,}"
        return None


@dataclass(frozen=True, slots=True)
class Job:
    """One contender's training with one seed.

    Attributes:
        key: equal for equal settings, data and seed alone.
        group: the same without the seed.
        contest, name: of contest and contender.
        settings: see `Contender`.
        seed: of weights, order, masks and augmentation.
        seconds: the budget of time, None for no limit.
        data, limit, test_limit: where the samples come from.
        fingerprint: of these samples.
    """

    key: str
    group: str
    contest: str
    name: str
    settings: Mapping[str, Any]
    seed: int
    seconds: float | None
    data: str
    limit: int | None
    test_limit: int | None
    fingerprint: str


def jobs_of(contest: Contest, data: Dataset) -> list[Job]:
    """All that is to be trained: every contender with its first seed, then with its second."""
    marks = fingerprint(data.train), fingerprint(data.test)
    allowed = [contender for contender in contest.contenders if not contest.why_not(contender)]
    jobs = []
    for turn in range(max((len(contender.seeds) for contender in allowed), default=0)):
        for contender in allowed:
            if turn < len(contender.seeds):
                jobs.append(_job(contest, contender, contender.seeds[turn], *marks))
    return jobs


def _job(contest: Contest, contender: Contender, seed: int, train: str, test: str) -> Job:
    settings = dict(contender.settings)
    said = {"settings": settings, "seconds": contest.seconds, "train": train, "test": test}
    return Job(
        _digest(said | {"seed": seed}),
        _digest(said),
        contest.name,
        contender.name,
        settings,
        seed,
        contest.seconds,
        contest.data,
        contest.limit,
        contest.test_limit,
        train,
    )


def _digest(value: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
