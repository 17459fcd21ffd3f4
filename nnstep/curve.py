"""The course of the loss over a run, summed up as it grows, so that it always costs the same to draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstep.rolling import rolling_sum

FINEST = 64
MOST_POINTS = 512
FINITE, TOTAL, LOW, HIGH = range(4)
Floats = NDArray[np.float64]
Losses = Callable[[int, int], Floats]


@dataclass(frozen=True, eq=False, slots=True)
class Window:
    """A part of a curve in columns, those left out that have no sample.

    Attributes:
        x: (columns,) the middle of each, in samples.
        low, mean, high: (columns,) of the finite losses in each; NaN where there are none.
        not_finite: (columns,) how many losses are NaN or infinite.
    """

    x: Floats
    low: Floats
    mean: Floats
    high: Floats
    not_finite: NDArray[np.int64]


class Curve:
    """Losses summed up in buckets of 64, 128, 256 … samples: count, sum, smallest and largest.

    It takes about 1 byte a sample. Drawing touches some buckets a column, however long the run is.
    """

    def __init__(self) -> None:
        self._levels = [_Rows()]
        self._tail = np.zeros(0)

    @property
    def samples(self) -> int:
        """How many losses were added."""
        return len(self._levels[0]) * FINEST + len(self._tail)

    def add(self, losses: Floats) -> None:
        """Appends the losses of the samples that were trained next."""
        values = np.concatenate([self._tail, losses])
        whole = len(values) // FINEST * FINEST
        self._tail = values[whole:].copy()
        if not whole:
            return
        self._levels[0].append(_summed(values[:whole].reshape(-1, FINEST)))
        for index, level in enumerate(self._levels):
            done = len(self._levels[index + 1]) if index + 1 < len(self._levels) else 0
            new = level.rows[2 * done : len(level) // 2 * 2]
            if not len(new):
                break
            if index + 1 == len(self._levels):
                self._levels.append(_Rows())
            self._levels[index + 1].append(_joined(new.reshape(-1, 2, 4)))

    def window(self, start: int, stop: int, columns: int, smooth: int = 0, losses: Losses | None = None) -> Window:
        """Sums up the samples from `start` on, before `stop`, in `columns` equal columns.

        Args:
            start: the first sample, from 0.
            stop: the one behind the last.
            columns: how many there is room for.
            smooth: the mean is a moving one over about so many samples, the column's and those before it.
            losses: gives the losses from one sample on, before another, for windows in which a column is narrower
                than a bucket; without it such columns are as wide as one.
        """
        start, stop = max(start, 0), min(stop, self.samples)
        if stop <= start or columns < 1:
            return _EMPTY
        width = (stop - start) / columns
        if losses is not None and width < FINEST:
            first, size = max(0, start - smooth), 1
            rows = _summed(losses(first, stop)[:, None])
        else:
            level = self._level_for(max(width / 4, smooth / 16))
            size = FINEST << level
            first = max(0, start - smooth) // size * size
            rows = self._rows(level, first, stop)
        starts = first + size * np.arange(len(rows))
        ends = np.minimum(starts + size, self.samples)
        smoothed = rolling_sum(rows[:, : TOTAL + 1], max(1, round(smooth / size)))
        shown = ends > start
        return _in_columns(starts[shown], ends[shown], rows[shown], smoothed[shown], start, width)

    def points(self) -> tuple[list[float], list[float]]:
        """How many samples were done at the end of each of at most 512 equal stretches, and the mean loss in it."""
        size = 8
        while self.samples > size * MOST_POINTS:
            size *= 2
        if size < FINEST:
            rows, size = self._rows(0, 0, self.samples), FINEST
        else:
            rows = self._rows(int(np.log2(size // FINEST)), 0, self.samples)
        ends = np.minimum(size * np.arange(1, len(rows) + 1), self.samples)
        return ends.tolist(), _means(rows).tolist()

    def _level_for(self, size: float) -> int:
        """The coarsest level whose buckets are no larger than `size`, the finest one where none is."""
        fitting = [level for level in range(len(self._levels)) if FINEST << level <= size]
        return fitting[-1] if fitting else 0

    def _rows(self, level: int, start: int, stop: int) -> Floats:
        """Buckets of one size from sample `start` on, up to the one that contains the last sample before `stop`.

        What has not filled a bucket of this size yet is the last one.
        """
        size, known = FINEST << level, self._levels[level] if level < len(self._levels) else _Rows()
        rows = known.rows[start // size : -(-stop // size)]
        if stop <= len(known) * size:
            return rows
        rest = [_summed(self._tail[None])] if len(self._tail) else []
        for finer in range(min(level, len(self._levels))):
            above = len(self._levels[finer + 1]) if finer + 1 < len(self._levels) else 0
            rest.append(self._levels[finer].rows[2 * above :])
        return np.concatenate([rows, _joined(np.concatenate(rest)[None])])


class _Rows:
    """A table (rows, 4) of finite count, total, low and high that grows at the end."""

    def __init__(self) -> None:
        self._room, self._length = np.zeros((16, 4)), 0

    def __len__(self) -> int:
        return self._length

    @property
    def rows(self) -> Floats:
        return self._room[: self._length]

    def append(self, rows: Floats) -> None:
        end = self._length + len(rows)
        if end > len(self._room):
            larger = np.zeros((max(end, 2 * len(self._room)), 4))
            larger[: self._length] = self.rows
            self._room = larger
        self._room[self._length : end] = rows
        self._length = end


def _summed(losses: Floats) -> Floats:
    """(buckets, 4) of losses (buckets, samples)."""
    finite = np.isfinite(losses)
    with np.errstate(over="ignore"):
        total = np.where(finite, losses, 0).sum(axis=1)
    low, high = np.where(finite, losses, np.inf).min(axis=1), np.where(finite, losses, -np.inf).max(axis=1)
    return np.stack([finite.sum(axis=1), total, low, high], axis=1)


def _joined(rows: Floats) -> Floats:
    """(buckets, 4) of finer buckets (buckets, finer ones, 4)."""
    with np.errstate(over="ignore"):
        sums = rows[..., : TOTAL + 1].sum(axis=1)
    return np.concatenate([sums, rows[..., LOW].min(axis=1)[:, None], rows[..., HIGH].max(axis=1)[:, None]], axis=1)


def _means(rows: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Floats = rows[:, TOTAL] / rows[:, FINITE]
    return means


def _in_columns(
    starts: NDArray[np.int64], ends: NDArray[np.int64], rows: Floats, smoothed: Floats, start: int, width: float
) -> Window:
    column = np.floor((np.maximum(starts, start) - start) / width)
    first = np.flatnonzero(np.diff(column, prepend=-1.0))
    last = np.append(first[1:], len(rows)) - 1
    with np.errstate(over="ignore"):
        sums = np.add.reduceat(smoothed, first, axis=0)
        finite = np.add.reduceat(rows[:, FINITE], first)
    low, high = np.minimum.reduceat(rows[:, LOW], first), np.maximum.reduceat(rows[:, HIGH], first)
    none = finite == 0
    low[none], high[none] = np.nan, np.nan
    missing = (ends[last] - starts[first] - finite).astype(np.int64)
    return Window((starts[first] + ends[last]) / 2, low, _means(sums), high, missing)


_EMPTY = Window(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
