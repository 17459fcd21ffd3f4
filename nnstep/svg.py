"""Charts as SVG for a page: lines and points with axes, linear or logarithmic, without any script."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from nnstep.statistics import number_text

Floats = NDArray[np.float64]
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 14, 40


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """One curve of a chart.

    Attributes:
        x, y: (points,) its numbers; where y is not finite the line is broken.
        kind: a CSS class, which has its colour.
        points: draw points instead of a line.
        titles: what each point says when the mouse is over it.
    """

    x: Floats
    y: Floats
    kind: str
    points: bool = False
    titles: Sequence[str] = ()


def chart(
    lines: Sequence[Line],
    x_label: str,
    y_label: str,
    log: bool = False,
    size: tuple[int, int] = (960, 340),
    y_text: Callable[[float], str] = number_text,
    y_range: tuple[float, float] | None = None,
    x_range: tuple[float, float] | None = None,
) -> str:
    """A chart with both axes; an empty text where there is nothing to draw.

    Args:
        lines: what to draw, the last one on top.
        x_label: what the horizontal axis counts.
        y_label: what the vertical one does.
        log: a logarithmic vertical axis; what is not above zero is left out.
        size: width and height in units of the picture, which takes the room that it is given.
        y_text: writes a number of the vertical axis.
        y_range: the lowest and highest number of it; of the lines where none is given.
        x_range: the same of the horizontal one.
    """
    shown = [(line, np.isfinite(line.y) & ((line.y > 0) if log else True)) for line in lines]
    xs = np.concatenate([line.x[kept] for line, kept in shown] or [np.zeros(0)])
    ys = np.concatenate([line.y[kept] for line, kept in shown] or [np.zeros(0)])
    if not len(xs):
        return ""
    width, height = size
    first, last = x_range or (float(xs.min()), float(xs.max()))
    x_ticks = _ticks(first, last, 10, whole=True)
    low, high = y_range or _range(ys, log)
    y_ticks = _log_ticks(low, high) if log else _ticks(low, high, 6)
    across = _scale(first, last, LEFT, width - RIGHT, False)
    up = _scale(low, high, height - BOTTOM, TOP, log)
    parts = [f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(y_label)}">']
    for tick in y_ticks:
        y = up(np.array([tick]))[0]
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{width - RIGHT}"/>')
        parts.append(
            f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(y_text(tick))}</text>'
        )
    for tick in x_ticks:
        x = across(np.array([tick]))[0]
        parts.append(f'<text class="tick" x="{x:.1f}" y="{height - BOTTOM + 18}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{height - BOTTOM}H{width - RIGHT}"/>')
    parts.append(f'<text class="label" x="{width - RIGHT}" y="{height - 4}" text-anchor="end">{escape(x_label)}</text>')
    parts.append(f'<text class="label" x="{LEFT + 8}" y="{TOP + 4}">{escape(y_label)}</text>')
    for line, kept in shown:
        y = up(np.clip(np.where(kept, line.y, low), low, high))
        parts.append(_points(line, kept, across(line.x), y) if line.points else _path(line, kept, across(line.x), y))
    return "".join([*parts, "</svg>"])


def sparkline(y: Floats, title: str, size: tuple[int, int] = (140, 32)) -> str:
    """A small curve without axes from zero to its largest number; an empty text where nothing is finite."""
    kept = np.isfinite(y)
    if not kept.any():
        return ""
    width, height = size
    high = float(y[kept].max()) or 1.0
    x = np.linspace(2, width - 2, len(y)) if len(y) > 1 else np.array([width / 2])
    at = height - 3 - (height - 6) * np.where(kept, y, 0) / high
    line = Line(x, y, "spark")
    drawn = _path(line, kept, x, at) if kept.sum() > 1 else f'<circle class="spark" cx="{x[kept][0]}" cy="4" r="2"/>'
    return (
        f'<svg class="sparkline" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{drawn}</svg>"
    )


def _path(line: Line, kept: NDArray[np.bool_], x: Floats, y: Floats) -> str:
    words, drawing = [], False
    for good, a, b in zip(kept.tolist(), x.tolist(), y.tolist(), strict=True):
        if good:
            words.append(f"{'L' if drawing else 'M'}{a:.1f} {b:.1f}")
        drawing = good
    return f'<path class="line {escape(line.kind)}" d="{"".join(words)}"/>'


def _points(line: Line, kept: NDArray[np.bool_], x: Floats, y: Floats) -> str:
    found = []
    for index in np.flatnonzero(kept).tolist():
        title = f"<title>{escape(line.titles[index])}</title>" if line.titles else ""
        place = f'cx="{x[index]:.1f}" cy="{y[index]:.1f}"'
        found.append(f'<circle class="point {escape(line.kind)}" {place} r="3.5">{title}</circle>')
    return "".join(found)


def _range(ys: Floats, log: bool) -> tuple[float, float]:
    low, high = float(ys.min()), float(ys.max())
    if log:
        return low, high if high > low else 10 * low
    low = min(low, 0.0)
    return low, high + 0.04 * (high - low) if high > low else low + 1


def _scale(low: float, high: float, start: float, end: float, log: bool) -> Callable[[Floats], Floats]:
    def place(values: Floats) -> Floats:
        a, b, at = (np.log10(low), np.log10(high), np.log10(values)) if log else (low, high, values)
        share = (at - a) / (b - a) if b > a else np.full(values.shape, 0.5)
        return np.asarray(start + (end - start) * share)

    return place


def _ticks(low: float, high: float, most: int, whole: bool = False) -> list[float]:
    """Round numbers, at most so many, from low to high."""
    span = high - low
    if not span > 0 or not math.isfinite(span):
        return [low]
    step = 10 ** math.floor(math.log10(span / most))
    while span / step > most:
        for factor in (2, 2.5, 2):
            step *= factor
            if span / step <= most:
                break
    if whole:
        step = max(1, round(step))
    return [round(i * step, 12) for i in range(math.ceil(low / step), math.floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [digit * 10.0**decade for decade in decades for digit in digits]
        ticks = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(ticks) <= 8:
            return ticks
    return ticks[:: -(-len(ticks) // 8)]
