"""What an array's numbers are like: range, mean, zeros, NaNs, and the ratios that tell how a layer is doing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstep.layers import Array
from nnstep.limits import LIMITS
from nnstep.stepping import Frame
from nnstep.tensors import update_of

Numbers = NDArray[np.float64]

SQUARES_ARE_SAFE = 1e100


@dataclass(frozen=True, slots=True)
class Statistics:
    """An array in a few numbers. Those of an array without any finite value are NaN.

    Attributes:
        shape: of the array.
        dtype: its number format, such as `float64`.
        size: how many numbers it has.
        low: the smallest finite one.
        high: the largest finite one.
        mean: of the finite ones.
        deviation: their standard deviation, √(mean((x − mean)²)).
        zeros: how many are exactly zero.
        nans: how many are NaN.
        infinities: how many are ∞ or −∞.
    """

    shape: tuple[int, ...]
    dtype: str
    size: int
    low: float
    high: float
    mean: float
    deviation: float
    zeros: int
    nans: int
    infinities: int


def statistics(array: Array) -> Statistics:
    """Looks at all numbers of an array of any shape, also at a single number."""
    array = np.asarray(array)
    values = _as_numbers(array)
    finite, nans = values, 0
    with np.errstate(over="ignore", invalid="ignore"):
        # A sum is finite only where every number is: the usual array needs no masks.
        if not np.isfinite(values.sum()):
            finite = values[np.isfinite(values)]
            nans = int(np.isnan(values).sum())
    low, high, mean, deviation = _range_and_moments(finite)
    zeros = array.size - int(np.count_nonzero(values))
    infinities = array.size - finite.size - nans
    return Statistics(array.shape, str(array.dtype), array.size, low, high, mean, deviation, zeros, nans, infinities)


def norm(array: Array) -> float:
    """‖x‖ = √(Σ x²) over all numbers of an array; NaN or ∞ where it contains these, 0 for an empty one."""
    values = _as_numbers(np.asarray(array))
    with np.errstate(over="ignore", invalid="ignore"):
        squares = float(np.dot(values, values))
    if not values.size or 1 / SQUARES_ARE_SAFE < squares < SQUARES_ARE_SAFE:
        return math.sqrt(squares)
    largest = float(max(-values.min(), values.max())) if not np.isnan(values).any() else math.nan
    if not largest or not math.isfinite(largest):
        return abs(largest)
    scaled, scale = _scaled(values, largest)
    return math.sqrt(float(np.dot(scaled, scaled))) * scale


def update_ratio(frame: Frame, name: str) -> float | None:
    """‖ΔW‖ / ‖W‖ of one parameter, W as it was before the update.

    Returns:
        The ratio; None where the frame does not update this parameter, W is all zeros, or a norm is not finite.
    """
    if name not in frame.after:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        update, weights = norm(update_of(frame, name)), norm(frame.before[name])
    if not weights or not math.isfinite(weights) or not math.isfinite(update):
        return None
    return update / weights


def dead_share(frame: Frame) -> float | None:
    """Which share of a relu layer's outputs is exactly zero, from 0 to 1; None for other layers."""
    if _kind(frame) != "relu" or frame.output is None:
        return None
    return float(np.mean(frame.output == 0))


def saturated_share(frame: Frame) -> float | None:
    """Which share of a tanh or sigmoid layer's outputs lies where the curve is almost flat; None for other layers.

    For tanh that is |Y| > 0.97, for sigmoid Y < 0.03 or Y > 0.97.
    """
    flat = None if frame.output is None else flat_outputs(_kind(frame), frame.output)
    return None if flat is None else float(np.mean(flat))


def flat_outputs(kind: str, Y: Array) -> NDArray[np.bool_] | None:
    """Where the outputs of a tanh or sigmoid lie in the flat parts of its curve; None for another kind of layer."""
    if kind == "tanh":
        flat: NDArray[np.bool_] = np.abs(Y) > LIMITS.flat_tanh
        return flat
    # Symmetric around ½: within 0.03 of 0 or of 1.
    return np.abs(Y - 0.5) > 0.5 - LIMITS.flat_sigmoid if kind == "sigmoid" else None


def one_line(stats: Statistics) -> str:
    """Such as `(1, 128) float64  −0.98 … 0.97  mean 0.012 ± 0.51  zeros 19%  NaN 3  ∞ 1`; counts of 0 are left out."""
    return "  ".join(lines(stats))


def lines(stats: Statistics) -> list[str]:
    """The same in two lines: what the array is with its range, then its mean and counts.

    There is one line alone where there is nothing to count: a single number.
    """
    shape = "(" + ", ".join(map(str, stats.shape)) + ")" if stats.shape else "number"
    what = f"{shape} {stats.dtype}"
    counts = _counts(stats)
    if not math.isfinite(stats.low):
        return ["  ".join([what, "nothing finite" if stats.size else "empty"]), *counts]
    if stats.size == 1:
        return [f"{what}  {number_text(stats.low)}"]
    spread = f"{number_text(stats.low)} … {number_text(stats.high)}"
    moments = f"mean {number_text(stats.mean)} ± {number_text(stats.deviation)}"
    return [f"{what}  {spread}", "  ".join([moments, *counts])]


def number_text(value: float) -> str:
    """A number with two digits, more before the point where it has them: `−0.98`, `784`, `1.2e−5`, `NaN`, `∞`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    if 1e-4 <= abs(value) < 1e5:
        decimals = max(0, 1 - math.floor(math.log10(abs(value))))
        text = f"{value:.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        digits, _, exponent = f"{value:.1e}".partition("e")
        text = f"{digits.removesuffix('.0')}e{int(exponent)}"
    return text.replace("-", "−")


def output_text(value: float) -> str:
    """An output of a network: two decimals, and as `number_text` where they would not fit."""
    return f"{value:.2f}".replace("-", "−") if abs(value) < 100 else number_text(value)


def share_text(share: float) -> str:
    """A share from 0 to 1 in per cent; what is not quite 0% or 100% does not say so: `<1%`, `19%`, `>99%`."""
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"


def _counts(stats: Statistics) -> list[str]:
    found = [f"zeros {share_text(stats.zeros / stats.size)}"] if stats.zeros else []
    found += [f"NaN {stats.nans:,}"] if stats.nans else []
    return found + ([f"∞ {stats.infinities:,}"] if stats.infinities else [])


def _as_numbers(array: Array) -> Numbers:
    return array.ravel().astype(np.float64, copy=False)


def _range_and_moments(values: Numbers) -> tuple[float, float, float, float]:
    if not values.size:
        return math.nan, math.nan, math.nan, math.nan
    low, high = float(values.min()), float(values.max())
    scaled, scale = _scaled(values, max(-low, high))
    # Rounding must not put the mean of equal numbers beside them.
    mean = min(max(float(scaled.sum()) / values.size, low / scale), high / scale)
    centred = scaled - mean
    return low, high, mean * scale, math.sqrt(float(np.dot(centred, centred)) / values.size) * scale


def _scaled(values: Numbers, largest: float) -> tuple[Numbers, float]:
    # The squares of very large and very small numbers are no numbers of the format any more.
    if largest == 0 or 1 / SQUARES_ARE_SAFE < largest < SQUARES_ARE_SAFE:
        return values, 1.0
    return values / largest, largest


def _kind(frame: Frame) -> str:
    return frame.step.name.partition(" ")[0]
