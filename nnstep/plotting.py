"""Lines, axes and ticks of a plot in characters, worked out without a screen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ACROSS, DOWN = 2, 4
DOT_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)
"""Which bit of a braille character each of its dots is, by row and column (Unicode 15, block 2800)."""
SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Axis:
    """The values between two ends, linear or logarithmic.

    Attributes:
        low, high: the ends, low below high, above zero on a logarithmic axis.
        log: equal distances are equal factors.
    """

    low: float
    high: float
    log: bool = False

    def place(self, values: Floats) -> Floats:
        """Where values lie: 0 at the low end, 1 at the high one; NaN stays NaN."""
        if not self.log:
            return (values - self.low) / (self.high - self.low)
        with np.errstate(invalid="ignore"):
            safe = np.log(np.maximum(values, SMALLEST))
        return (safe - math.log(self.low)) / (math.log(self.high) - math.log(self.low))


def axis_of(values: Floats, log: bool = False) -> Axis:
    """An axis with room for all finite values: from zero, or from the smallest above zero where it is logarithmic."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Axis(0.1, 1.0, log) if log else Axis(0.0, 1.0)
    high = float(finite.max())
    if not log:
        low = min(0.0, float(finite.min()))
        return Axis(low, low + 1.05 * (high - low) if high > low else low + 1.0)
    above = finite[finite > SMALLEST]
    low = float(above.min()) if above.size else 0.1
    return Axis(low / 1.1, max(high, low) * 1.1, True)


def ticks(axis: Axis, most: int) -> list[float]:
    """At most `most` values of 1, 2 or 5 times a power of ten within an axis, rising."""
    if most < 1:
        return []
    if axis.log:
        found = _log_ticks(axis, (1, 2, 5))
        for steps in ((1, 3), (1,)):
            if len(found) > most:
                found = _log_ticks(axis, steps)
        return found[:: -(-len(found) // most)] if found else []
    span = axis.high - axis.low
    step = 10.0 ** math.floor(math.log10(span / most))
    for factor in (1, 2, 5, 10, 20, 50):
        first = math.ceil(axis.low / (step * factor) - 1e-9)
        last = math.floor(axis.high / (step * factor) + 1e-9)
        if last - first < most:
            break
    return [step * factor * i for i in range(first, last + 1)][:most]


def tick_text(value: float) -> str:
    """A tick in few characters: `0.02`, `3e−5`, `20k`, `1.2M`, `3e290`."""
    if value == 0:
        return "0"
    if abs(value) >= 1e10:
        return f"{value:.3g}".replace("e+", "e").replace("-", "−")
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}".replace("-", "−")
    return f"{value:.3g}".replace("e-0", "e−").replace("-", "−")


def line_dots(places: Floats, rows: int) -> NDArray[np.uint8]:
    """A line as braille dots, its points joined where they are neighbours.

    Args:
        places: (2 · columns,) for each dot column where the line is, from 0 (bottom) to 1 (top); NaN leaves a gap,
            and what is beyond an end is drawn at it.
        rows: how many characters high.

    Returns:
        (rows, columns) the dots of each character, as bits that are added to U+2800.
    """
    tall = rows * DOWN
    known = np.isfinite(places)
    height = np.zeros(len(places), np.int64)
    height[known] = np.clip(np.rint((1 - places[known]) * (tall - 1)), 0, tall - 1).astype(np.int64)
    top, bottom = height.copy(), height.copy()
    joined = np.flatnonzero(known[1:] & known[:-1]) + 1
    middle = (height[joined] + height[joined - 1]) // 2
    top[joined] = np.minimum(height[joined], middle)
    bottom[joined] = np.maximum(height[joined], middle)
    top[joined - 1] = np.minimum(top[joined - 1], middle)
    bottom[joined - 1] = np.maximum(bottom[joined - 1], middle)
    return span_dots(np.where(known, top, tall), np.where(known, bottom, -1), rows)


def span_dots(top: NDArray[np.int64], bottom: NDArray[np.int64], rows: int) -> NDArray[np.uint8]:
    """(rows, columns) braille dots from `top` to `bottom`, both (2 · columns,), counted from above; none if crossed."""
    line = np.arange(rows * DOWN)[:, None]
    filled = (line >= top) & (line <= bottom)
    cells = filled.reshape(rows, DOWN, len(top) // ACROSS, ACROSS)
    dots: NDArray[np.uint8] = (cells * DOT_BITS[None, :, None, :]).sum(axis=(1, 3)).astype(np.uint8)
    return dots


def spread(x: Floats, values: Floats, start: float, stop: float, columns: int) -> Floats:
    """Values at `x` for each dot column between two ends of the x-axis: (2 · columns,), NaN beyond the first and last.

    Between points the line is straight; points that share a dot column are taken as the last of them.
    """
    centres = start + (np.arange(ACROSS * columns) + 0.5) * (stop - start) / (ACROSS * columns)
    found = np.full(ACROSS * columns, np.nan)
    known = np.isfinite(values)
    if not known.any():
        return found
    xs, ys = x[known], values[known]
    half = (stop - start) / (ACROSS * columns) / 2
    inside = (centres >= xs[0] - half) & (centres <= xs[-1] + half)
    found[inside] = np.interp(centres[inside], xs, ys)
    return found


def _log_ticks(axis: Axis, factors: tuple[int, ...]) -> list[float]:
    first, last = math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high))
    found = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    return [value for value in found if axis.low <= value <= axis.high]
