"""The course of the error over a run, summed up as it grows so that it always costs the same to draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 512


class Curve:
    """Mean losses of equal stretches of samples; the stretches double in length when there are too many of them."""

    def __init__(self) -> None:
        self.stretch = 8
        self.samples = 0
        self._sums: list[float] = []
        self._counts: list[int] = []

    def add(self, losses: NDArray[np.float64]) -> None:
        """Appends the losses of the samples that were trained next."""
        for start in range(0, len(losses), self.stretch):
            self._add_some(losses[start : start + self.stretch])
        self.samples += len(losses)
        while len(self._sums) > MOST_POINTS:
            self._halve()

    def points(self) -> tuple[list[float], list[float]]:
        """How many samples were done at the end of each stretch, and the mean loss in it."""
        ends = np.cumsum(self._counts)
        means = [total / count for total, count in zip(self._sums, self._counts, strict=True)]
        return ends.tolist(), means

    def _add_some(self, losses: NDArray[np.float64]) -> None:
        if not self._counts or self._counts[-1] >= self.stretch:
            self._sums.append(0.0)
            self._counts.append(0)
        self._sums[-1] += float(losses.sum())
        self._counts[-1] += len(losses)

    def _halve(self) -> None:
        self._sums = [sum(self._sums[i : i + 2]) for i in range(0, len(self._sums), 2)]
        self._counts = [sum(self._counts[i : i + 2]) for i in range(0, len(self._counts), 2)]
        self.stretch *= 2
