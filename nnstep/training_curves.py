"""The curves of a training table, from the report that `nnstep compare --train --json FILE` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.errors import NnstepError
from nnstep.network import loss_text

Floats = NDArray[np.float64]
MEASURES = ("error", "test loss", "accuracy %", "strict accuracy %")
FORM = "Write it with: nnstep compare --train --json FILE.json"


@dataclass(frozen=True, eq=False, slots=True)
class Course:
    """How a contender did, epoch by epoch.

    Attributes:
        name: what trained it, or what its row is called.
        group: what was trained, and how; the same for contenders that differ only in what trained them.
        epochs: their numbers, from 1.
        seconds: of training, up to the end of each epoch.
        measures: each of MEASURES, by name; NaN where it was not finite.
        rate: samples a second; NaN where no epoch was done.
        ratio: samples a second as a multiple of the first one's of the group.
        failure: why it ended early; empty where it did not.
    """

    name: str
    group: str
    epochs: Floats
    seconds: Floats
    measures: Mapping[str, Floats]
    rate: float
    ratio: float
    failure: str = ""

    @property
    def seconds_per_epoch(self) -> float:
        """The median; NaN where there is none."""
        return float(np.median(np.diff(self.seconds, prepend=0.0))) if len(self.seconds) else float("nan")

    def says(self) -> str:
        """Its last numbers, in one line."""
        if not len(self.epochs):
            return self.failure
        last = {name: float(values[-1]) for name, values in self.measures.items()}
        shares = f"accuracy {last['accuracy %']:.1f} %, strict {last['strict accuracy %']:.1f} %"
        times = f"{self.seconds_per_epoch:.3g} s/epoch, {self.rate:,.0f} samples/s, ratio {self.ratio:.2f}"
        return "  ".join(filter(None, [f"error {loss_text(last['error'])}", shares, times, self.failure]))


def read_courses(path: str) -> list[Course]:
    """The courses in a report.

    Raises:
        NnstepError: the file cannot be read, or is no such report.
    """
    try:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
    except OSError as error:
        raise NnstepError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise NnstepError(f"{path} is no JSON file", FORM) from None
    return courses_of(report, path)


def courses_of(report: Any, path: str = "the report") -> list[Course]:
    """The courses of a report that was read from a file, or just made.

    Raises:
        NnstepError: it is no report of a training table, or has no epoch in it.
    """
    try:
        courses = [_course(contender) for contender in report["contenders"]]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise NnstepError(f"{path} is no training table", FORM) from None
    if not any(len(course.epochs) for course in courses):
        raise NnstepError(f"{path} has no epoch to draw", FORM)
    return courses


def groups_of(courses: Sequence[Course]) -> list[str]:
    """What was trained, and how, each once in its order."""
    return list(dict.fromkeys(course.group for course in courses))


def _course(contender: dict[str, Any]) -> Course:
    epochs = contender["epochs"]
    tests = [epoch["test"] for epoch in epochs]
    measures = {
        "error": _floats([epoch["error"] for epoch in epochs]),
        "test loss": _floats([test["loss"] for test in tests]),
        "accuracy %": _floats([100 * test["correct"] / test["samples"] for test in tests]),
        "strict accuracy %": _floats([100 * test["strict_correct"] / test["samples"] for test in tests]),
    }
    rate, ratio = _floats([contender["samples_per_second"], contender["ratio"]]).tolist()
    return Course(
        str(contender["name"]),
        str(contender["group"]),
        _floats([epoch["epoch"] for epoch in epochs]),
        np.cumsum(_floats([epoch["seconds"] for epoch in epochs])),
        measures,
        rate,
        ratio,
        str(contender["failure"] or ""),
    )


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else float(value) for value in values], np.float64)
