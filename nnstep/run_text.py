"""A run in words: its scores, the pulse of its layers, and what it takes, as lines for a pane of any width."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnstep.branches import Branch, mebibytes
from nnstep.network import loss_text
from nnstep.pulse import pulse_along
from nnstep.scoring import Score
from nnstep.statistics import number_text, share_text
from nnstep.timeline import Timeline

BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float] | NDArray[np.floating], width: int | None = None) -> str:
    """A course in one line of eighth blocks, a blank where it is not finite; the last of each stretch if too long."""
    shown = [float(value) for value in values]
    if width is not None and len(shown) > width > 0:
        shown = [shown[(i + 1) * len(shown) // width - 1] for i in range(width)]
    finite = [value for value in shown if value - value == 0]
    if not finite:
        return ""
    low, span = min(finite), (max(finite) - min(finite)) or 1.0
    return "".join(BARS[round(7 * (v - low) / span)] if v - v == 0 else " " for v in shown)


def score_lines(
    branch: Branch, errors: Sequence[tuple[int, float]], per_epoch: int, rows: int, width: int
) -> list[str]:
    """The last epochs with their error and the scores on held-out digits, the newest first.

    Args:
        branch: whose way is described.
        errors: each epoch that was begun, with the mean of its losses.
        per_epoch: how many samples an epoch has.
        rows: how many lines there is room for.
        width: how long a line may be.
    """
    scores = branch.scores_along()
    head = ["epoch     error   held out: loss  accuracy    strict"]
    by_epoch = {score.count // per_epoch: score for score in scores if score.count % per_epoch == 0}
    known = dict(errors)
    lines = [
        f"{epoch:5}  {loss_text(known[epoch]):>8}" + (f"   {_score_text(by_epoch[epoch])}" if epoch in by_epoch else "")
        for epoch in sorted(known, reverse=True)
    ]
    between = [score for score in scores if score.count % per_epoch]
    if between:
        last = between[-1]
        where = f"{last.count // per_epoch + 1}.{last.count % per_epoch + 1}"
        lines.insert(0, f"{where:>15}   {_score_text(last)}")
    course = [score.correct / score.samples for score in scores]
    if len(course) > 1:
        head.insert(0, f"accuracy {sparkline(course, max(4, width - 24))} {course[-1]:.2%}")
    return [*head, *lines][: max(rows, 1)]


def pulse_lines(timeline: Timeline, width: int) -> list[str]:
    """A line for each layer: ‖ΔW‖/‖W‖ and mean |dE/dW|, or the saturated or dead share, each with its course."""
    pulse = pulse_along(timeline.branch)
    if not len(pulse):
        return ["the layers are measured while training"]
    name_room = max(len(name) for name in timeline.stack.names)
    room = max(4, (width - name_room - 2) // 2 - 18)
    lines = []
    for layer, name in enumerate(timeline.stack.names):
        parts = []
        for measure, symbol in (("update_ratio", "‖ΔW‖/‖W‖"), ("gradient", "|dE/dW|")):
            parts.append(_course(symbol, pulse.curve(layer, measure), room, number_text))
        for measure, symbol in (("saturated", "saturated"), ("dead", "dead")):
            parts.append(_course(symbol, pulse.curve(layer, measure), room, share_text))
        lines.append(f"{name:{name_room}}  {' '.join(part for part in parts if part)}".rstrip())
    return lines


def memory_text(timeline: Timeline) -> str:
    """What the way back takes of its budget, such as `history 12.1 of 256.0 MiB`."""
    return f"history {mebibytes(timeline.checkpoints_bytes)} of {mebibytes(timeline.budget)}"


def _course(symbol: str, values: NDArray[np.float64], room: int, text: object) -> str:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return ""
    assert callable(text)
    return f"{symbol} {text(float(finite[-1])):>7} {sparkline(values, room):{room}}"


def _score_text(score: Score) -> str:
    accuracy, strict = score.correct / score.samples, score.strict_correct / score.samples
    return f"{loss_text(score.loss, 4):>10}   {accuracy:7.2%}   {strict:7.2%}"
