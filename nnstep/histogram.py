"""How the values of a tensor are spread: counts in bins of equal width, with an edge at zero."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstep.layers import Array


@dataclass(frozen=True, eq=False, slots=True)
class Histogram:
    """Counts of values.

    Attributes:
        edges: (bins + 1,) where the bins begin and end, rising; zero is one of them where values lie on both sides.
        counts: (bins,) how many finite values are in each.
        left_out: how many values are NaN or infinite.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    left_out: int


def histogram(array: Array, bins: int) -> Histogram:
    """Counts the finite values of an array of any shape in `bins` bins of equal width."""
    values: Array = np.asarray(array, np.float64).ravel()
    finite: Array = values[np.isfinite(values)]
    if not finite.size:
        return Histogram(np.array([0.0, 1.0]), np.zeros(1, np.int64), values.size)
    low, high = float(finite.min()), float(finite.max())
    scale = max(abs(low), abs(high)) or 1.0
    if high - low < 1e-12 * scale or not math.isfinite(high - low):
        low, high = low - scale / 2, high + scale / 2
        if not math.isfinite(high - low):
            finite, low, high = finite / 4, low / 4, high / 4
    edges: NDArray[np.float64] = np.linspace(low, high, max(1, bins) + 1)
    if low < 0 < high and bins >= 2:
        below = min(max(round(-low / (high - low) * bins), 1), bins - 1)
        above = bins - below
        width = max(-low / below, high / above)
        edges = np.arange(-below, above + 1, dtype=np.float64) * width
        edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)  # a quotient times its divisor may fall short
    counts, _ = np.histogram(finite, edges)
    return Histogram(edges, counts, values.size - finite.size)
