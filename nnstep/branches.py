"""The parts of a run: positions, branches, and the stretches that were trained in one way."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nnstep.edits import Edit
from nnstep.errors import NnstepError
from nnstep.history import Log
from nnstep.pulse import Pulse
from nnstep.scoring import Score
from nnstep.settings import Settings
from nnstep.stack import Parameters, Snapshot

STEPS = "steps"


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """Where in a run: before the given sample of the given epoch, both from 1. Written as `7.31415`."""

    epoch: int
    sample: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.sample}"


@dataclass(slots=True)
class Stretch:
    """Samples that were trained one after the other in one way.

    Attributes:
        start: the first one's count.
        engine: which engine trained them, or `steps` for samples that were stepped by hand.
    """

    start: int
    engine: str


@dataclass(eq=False, slots=True)
class Branch:
    """One course of a run.

    Counts say how many samples come before: `count = (epoch − 1) · samples per epoch + sample − 1`.

    Attributes:
        name: what it is called.
        settings: learning rate, batch size and data order.
        parent: the branch that it left, None for the first one.
        origin: the count in the parent where it left.
        start: the count where it went on; another one than `origin` where samples were left out.
        head: the count up to which its samples are trained.
        stretches: how they were trained.
        log: their losses and classes, from `start` on. After a divergence it is longer than what was trained.
        checkpoints: parameters by count; at `start` always where a parameter was changed there.
        changed: a parameter was changed at `start`, or it is the first branch: its start cannot be replayed.
        edit: what was changed of the sample at `start`.
        scores: how it did on held-out digits, by count.
        pulse: how its layers did, at some counts.
    """

    name: str
    settings: Settings
    parent: Branch | None
    origin: int
    start: int
    head: int
    stretches: list[Stretch] = field(default_factory=list)
    log: Log = field(default_factory=Log)
    checkpoints: dict[int, Parameters] = field(default_factory=dict)
    changed: bool = False
    edit: Edit | None = None
    scores: dict[int, Score] = field(default_factory=dict)
    pulse: Pulse = field(default_factory=Pulse)

    def edit_at(self, count: int) -> Edit | None:
        """What was changed of the sample at a count."""
        return self.edit if count == self.start else None

    def scores_along(self) -> list[Score]:
        """The scores on the way to its end, those of its parents before it left them included, in their order."""
        found: dict[int, Score] = {}
        path = path_of(self)[::-1]
        for part, child in zip(path, [*path[1:], None], strict=True):
            found |= {at: score for at, score in part.scores.copy().items() if child is None or at <= child.origin}
        return [found[count] for count in sorted(found)]

    @property
    def end(self) -> int:
        """The last count that can be visited: the next sample's, or that of the sample that diverged."""
        logged = self.start + len(self.log)
        return self.head if logged == self.head else logged - 1

    @property
    def checkpoints_bytes(self) -> int:
        """What its checkpoints take; all of one branch are equally large."""
        return len(self.checkpoints) * size_of(next(iter(self.checkpoints.values()), ()))

    @property
    def diverged(self) -> bool:
        """Its last loss is NaN or infinite; it cannot be trained on."""
        return len(self.log) > 0 and not np.isfinite(self.log.losses[-1])


def thin(branch: Branch, checkpoints: dict[int, Parameters], spacing: int) -> None:
    """Leaves out each of a branch's checkpoints without which the gap is still no longer than `spacing`."""
    if not branch.changed and branch.head - branch.start < spacing:
        checkpoints.clear()
        return
    counts = sorted(checkpoints)
    kept = counts[0] if counts else 0
    for count, following in zip(counts[1:], [*counts[2:], *counts[-1:]], strict=False):
        if following - kept <= spacing:
            del checkpoints[count]
        else:
            kept = count


def checkpoint_before(branch: Branch, count: int) -> int | None:
    """The last checkpoint of a branch's own that is not after a count."""
    known = sorted(branch.checkpoints)
    index = bisect_right(known, count)
    return known[index - 1] if index else None


def replays(branch: Branch, count: int) -> int:
    """How many samples lie between a count and the checkpoint before it, on whatever branch that is."""
    total = 0
    while (at := checkpoint_before(branch, count)) is None:
        total += count - branch.start
        assert branch.parent is not None
        branch, count = branch.parent, branch.origin
    return total + count - at


def size_of(parameters: Parameters) -> int:
    """How many bytes parameters take."""
    held = sum(array.nbytes for arrays in parameters for array in arrays.values())
    return held + (size_of_state(parameters.state) if isinstance(parameters, Snapshot) else 0)


def size_of_state(state: Mapping[str, Any]) -> int:
    """About how many bytes the state takes that students' layers keep beside their parameters."""
    return sum(value.nbytes if isinstance(value, np.ndarray) else 32 for value in state.values()) + 5000


def mebibytes(size: int) -> str:
    """A size for people, such as 1.7 MiB."""
    return f"{size / 2**20:,.1f} MiB" if size >= 2**20 // 10 else f"{size / 2**10:,.1f} KiB"


def parse_position(text: str) -> Position:
    """Reads `EPOCH.SAMPLE`, both from 1, such as 7.31415.

    Raises:
        NnstepError: it is something else.
    """
    epoch, dot, sample = text.partition(".")
    if not (dot and epoch.isdecimal() and sample.isdecimal()):
        raise NnstepError(f"position expected as EPOCH.SAMPLE, such as 7.31415, received '{text}'")
    return Position(int(epoch), int(sample))


def with_rate(settings: Settings, learning_rate: float) -> Settings:
    """The same settings with another learning rate."""
    return replace(settings, learning_rate=learning_rate)


def free_name(names: Container[str], name: str) -> str:
    """The name, or the first of `name (2)`, `name (3)` … that is not taken."""
    number, free = 1, name
    while free in names:
        number += 1
        free = f"{name} ({number})"
    return free


def path_of(branch: Branch) -> list[Branch]:
    """A branch, its parent, the parent's parent and so on."""
    path = [branch]
    while path[-1].parent:
        path.append(path[-1].parent)
    return path
