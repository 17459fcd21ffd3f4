"""How one digit fared over a run: when it was trained, when it first came out right, and since when it stays so."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnstep.branches import path_of
from nnstep.network import epoch_order
from nnstep.timeline import Timeline


def times_trained(timeline: Timeline, row: int) -> NDArray[np.int64]:
    """When a digit was trained on the way to the end of the present branch, as indices in its history, rising.

    Args:
        timeline: the run.
        row: which digit of the training set, from 0.
    """
    per_epoch, path = len(timeline.samples), path_of(timeline.branch)[::-1]
    found, passed = [], 0
    for part, child in zip(path, [*path[1:], None], strict=True):
        stop = child.origin if child else part.start + len(part.log)
        settings, counts = part.settings, []
        for epoch in range(part.start // per_epoch, -(-stop // per_epoch)):
            place = row
            if settings.shuffle:
                order = epoch_order(per_epoch, epoch + 1, True, settings.seed)
                place = int(np.flatnonzero(order == row)[0])
            counts.append(epoch * per_epoch + place)
        own = np.array([count for count in counts if part.start <= count < stop], np.int64)
        found.append(own - part.start + passed)
        passed += stop - part.start
    return np.concatenate(found)


def first_right(timeline: Timeline, row: int) -> int | None:
    """Where a digit first came out right, as an index in the history; None where it never did."""
    times = times_trained(timeline, row)
    right = times[~timeline.history().wrong[times]]
    return int(right[0]) if len(right) else None


def right_since(timeline: Timeline, row: int) -> int | None:
    """Where a digit came out right and did so ever since; None where it was wrong the last time, or never trained."""
    times = times_trained(timeline, row)
    wrong = np.flatnonzero(timeline.history().wrong[times])
    later = times[wrong[-1] + 1 :] if len(wrong) else times
    return int(later[0]) if len(later) else None
