"""What a report says of a saved run: its scores, its mistakes, its layers, and where it went wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstep.branches import Branch
from nnstep.divergence import beginning_text, find_divergence
from nnstep.first_layer import FirstLayer, first_layer
from nnstep.health import DEAD, SATURATED
from nnstep.limits import LIMITS
from nnstep.pulse import MEASURES, Pulse, pulse_along, pulse_of, steps_to_measure
from nnstep.samples import Samples
from nnstep.scoring import Answers, Score, answers
from nnstep.statistics import share_text
from nnstep.timeline import Timeline

MEASURED = 24
WORST = 8


@dataclass(frozen=True, slots=True)
class HardSample:
    """A training sample with a large loss: where it is, which digit, and what was said."""

    position: str
    row: int
    label: int
    said: int
    loss: float


@dataclass(frozen=True, eq=False, slots=True)
class Findings:
    """What needs network and data to be known.

    Attributes:
        names: of the layers.
        test, train: the held-out digits, and those that it learned from.
        answers: to the held-out ones, at the end of the branch.
        scores: on the way there, in their order.
        pulse: of the layers on the way.
        weights: those of the first layer at the end as pictures; None where they do not stand for pixels.
        hard: the samples of the last epoch with the largest losses.
        diverged: where NaN or infinity began, a sentence; empty where all is finite.
        remarks: what is not as it should be of the layers, a sentence each.
    """

    names: list[str]
    test: Samples
    train: Samples
    answers: Answers
    scores: list[Score]
    pulse: Pulse
    weights: FirstLayer | None
    hard: list[HardSample]
    diverged: str
    remarks: list[str]


def find_out(timeline: Timeline, branch: Branch, test: Samples) -> Findings:
    """Goes along a branch, and at last to its end, where the timeline then stands."""
    scores = {score.count: score for score in branch.scores_along() if score.samples == len(test)}
    pulse = pulse_along(branch)
    measured = pulse if len(pulse) > 1 else Pulse()
    for count in _places(timeline, branch):
        part = timeline.locate(branch, count)
        if part is None:
            continue
        missing = count not in scores
        if missing or measured is not pulse:
            timeline.go_to(part, count)
        if missing:
            scores[count] = answers(timeline.stack, test).score(count)
        if measured is not pulse:
            measured.add(count, pulse_of(steps_to_measure(timeline)))
    timeline.go_to(branch, branch.head)
    found = answers(timeline.stack, test)
    scores[branch.head] = found.score(branch.head)
    return Findings(
        timeline.stack.names,
        test,
        timeline.samples,
        found,
        [scores[count] for count in sorted(scores)],
        measured,
        first_layer(timeline.stack, timeline.samples.shape),
        _hard_samples(timeline),
        _divergence(timeline),
        _remarks(timeline, measured),
    )


def _places(timeline: Timeline, branch: Branch) -> list[int]:
    """The ends of up to 24 epochs, evenly spread, and the end of the branch."""
    per_epoch, start = len(timeline.samples), next(iter(timeline.branches.values())).start
    ends = list(range((start // per_epoch + 1) * per_epoch, branch.head, per_epoch))
    if len(ends) > MEASURED:
        ends = [ends[i] for i in np.linspace(0, len(ends) - 1, MEASURED).round().astype(int).tolist()]
    return [*ends, branch.head]


def _hard_samples(timeline: Timeline) -> list[HardSample]:
    history, branch = timeline.history(), timeline.branch
    first = max(0, len(history.losses) - len(timeline.samples))
    losses = np.nan_to_num(history.losses[first:], nan=np.inf)
    found = []
    for index in (first + np.argsort(-losses, kind="stable")[:WORST]).tolist():
        part, count = timeline.place_at(index)
        found.append(
            HardSample(
                str(timeline.position_of(count)),
                timeline.row_at(count, part),
                timeline.label_at(part, count),
                int(part.log.classes[count - part.start]),
                float(history.losses[index]),
            )
        )
    assert timeline.branch is branch
    return found


def _divergence(timeline: Timeline) -> str:
    found = find_divergence(timeline)
    if not found:
        return ""
    return f"The run diverged: {beginning_text(found.frame, found.key)} at {timeline.position_of(found.count)}."


def _remarks(timeline: Timeline, pulse: Pulse) -> list[str]:
    found: list[str] = []
    if not len(pulse):
        return found
    with np.errstate(invalid="ignore"):
        late = _means(pulse.values[-max(1, len(pulse) // 4) :])
    outputs = timeline.stack.names[-1]  # those of the last layer shall be near their targets, 0 and 1
    for name, (_, _, saturated, dead) in zip(timeline.stack.names, late.tolist(), strict=True):
        if name != outputs and saturated > LIMITS.saturated:
            found.append(
                f"{name}: {share_text(saturated)} of its outputs are saturated in the last part of the run. {SATURATED}"
            )
        if dead > LIMITS.dead:
            found.append(f"{name}: {share_text(dead)} of its outputs are zero in the last part of the run. {DEAD}")
    return found


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(layers, 4) the means of what was measured, NaN where nothing was."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    means: NDArray[np.float64] = np.where(known, values, 0).sum(axis=0) / np.where(count, count, np.nan)
    assert means.shape[1] == len(MEASURES)
    return means
