"""Sums over the last so many entries of a column, without the loss of digits that running totals have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def rolling_sum(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """For each entry the sum of it and those before it, `window` in all, fewer at the start.

    Sums of 1, 2, 4, 8 … entries are put together, so that a very large entry leaves no trace behind its window.

    Args:
        values: (n, …), summed along the first axis.
        window: 1 or more.
    """
    total, window = np.zeros(values.shape), min(window, len(values))
    power, size, taken = np.array(values, np.float64), 1, 0
    with np.errstate(over="ignore", invalid="ignore"):
        while True:
            if window & size:
                total[taken:] += power[: len(power) - taken] if taken else power
                taken += size
            if 2 * size > window:
                return total
            longer = power.copy()
            longer[size:] += power[:-size]
            power, size = longer, 2 * size
