"""Confidence intervals of accuracies, and whether two of them differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

LEVEL = 0.95
Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % confidence interval.

    Attributes:
        mean: the estimate.
        low, high: the ends.
        kind: wilson or t.
    """

    mean: float
    low: float
    high: float
    kind: str


def accuracy_interval(accuracies: Sequence[float], samples: int) -> Interval:
    """The interval of a contender's accuracy.

    With several seeds that differ it is Student's over the seeds: mean ± t s / √n, n − 1 degrees of freedom. With one
    seed, or where all seeds have the same accuracy, it is Wilson's (1927) for one network on so many test samples.

    Args:
        accuracies: of each seed, 0 to 1.
        samples: how many the test set has.
    """
    n, mean = len(accuracies), sum(accuracies) / len(accuracies)
    spread = sum((value - mean) ** 2 for value in accuracies)
    if n == 1 or spread < 1e-18:
        return Interval(mean, *wilson(mean, samples), "wilson")
    half = student_t(n - 1) * math.sqrt(spread / (n - 1) / n)
    return Interval(mean, max(0.0, mean - half), min(1.0, mean + half), "t")


def within_noise(one: Interval, other: Interval) -> bool:
    """The difference's interval holds 0.

    That interval is put together from those of both: (a − b) ± √((a − its end)² + (b − its end)²), each with the end
    that makes the difference smaller or larger (Newcombe 1998, method 10; for any intervals Zou and Donner 2008).
    """
    better, worse = (one, other) if one.mean >= other.mean else (other, one)
    margin = math.hypot(better.mean - better.low, worse.high - worse.mean)
    return better.mean - worse.mean <= margin


def wilson(share: float, samples: int) -> tuple[float, float]:
    """Wilson's score interval of a share (E. B. Wilson 1927), both ends."""
    centre = (share + Z**2 / (2 * samples)) / (1 + Z**2 / samples)
    half = Z / (1 + Z**2 / samples) * math.sqrt(share * (1 - share) / samples + (Z / (2 * samples)) ** 2)
    return max(0.0, centre - half), min(1.0, centre + half)


@lru_cache
def student_t(freedom: int) -> float:
    """The t that |T| exceeds in 5 % of cases, found by halving."""
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _share_within(middle, freedom) < LEVEL else (low, middle)
    return (low + high) / 2


def _share_within(t: float, freedom: int) -> float:
    """P(|T| ≤ t), the finite sums of Abramowitz and Stegun 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine = math.cos(angle)
    odd = freedom % 2
    term, total = (cosine, cosine) if odd else (1.0, 1.0)
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine**2 * (k - 1) / k
        total += term
    if odd:
        return 2 / math.pi * (angle + (math.sin(angle) * total if freedom > 1 else 0.0))
    return math.sin(angle) * total
