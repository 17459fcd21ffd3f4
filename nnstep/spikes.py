"""Spikes: samples whose loss stands out of those before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnstep.rolling import rolling_sum

SURROUNDINGS = 200
FEWEST = 20
DEVIATIONS = 5.0
CHUNK = 50_000


def spikes(losses: NDArray[np.float64], before: int = 0) -> NDArray[np.bool_]:
    """Where a loss is a spike.

    A loss is one where it is NaN or infinite, or above the mean of the (up to 200) losses before it by more than 5 of
    their standard deviations. Of the first 20 samples of a run none is: nothing is usual yet.

    Args:
        losses: (n,) in the order of training.
        before: how many of them are only there to be compared with.

    Returns:
        (n − before,) whether each is one.
    """
    finite = np.isfinite(losses)
    usual = np.where(finite, losses, 0)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        columns = np.stack([finite, usual, usual * usual], axis=1).astype(np.float64)
        count, total, squares = _of_those_before(columns).T
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean * mean, 0))
        # What rounding leaves of equal losses must not make the next equal one stand out.
        high = losses > mean + np.maximum(DEVIATIONS * deviation, 1e-6 * np.abs(mean))
    found: NDArray[np.bool_] = ((count >= FEWEST) & high) | ~finite
    return found[before:]


def next_spike(losses: NDArray[np.float64], index: int) -> int | None:
    """The first spike after `index`, as an index; None where there is none."""
    for start in range(index + 1, len(losses), CHUNK):
        lead = min(SURROUNDINGS, start)
        found = np.flatnonzero(spikes(losses[start - lead : start + CHUNK], lead))
        if len(found):
            return start + int(found[0])
    return None


def previous_spike(losses: NDArray[np.float64], index: int) -> int | None:
    """The last spike before `index`."""
    for stop in range(min(index, len(losses)), 0, -CHUNK):
        start = max(0, stop - CHUNK)
        lead = min(SURROUNDINGS, start)
        found = np.flatnonzero(spikes(losses[start - lead : stop], lead))
        if len(found):
            return start + int(found[-1])
    return None


def _of_those_before(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = np.zeros(columns.shape)
    shifted[1:] = rolling_sum(columns[:-1], SURROUNDINGS) if len(columns) > 1 else 0
    return shifted
