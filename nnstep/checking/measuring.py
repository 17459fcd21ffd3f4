"""Measures gradients by central differences, element by element, and says how exact the figures are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstep.checking.places import Anything, Path, at, put
from nnstep.checking.subject import Floats, Subject

STEP = 1e-5
COARSE_STEPS = (1e-3, 4e-3, 2e-2)
GOOD = 1e-6
SINGLE_DIGITS = 2.4e-7  # twice what a 32-bit number rounds to
FEW = 6
MOST_ELEMENTS = 256
FEWEST_ELEMENTS = 4
SECONDS = 0.06
DIRECTIONS = 2
WRONG, DOUBTFUL = 1e-2, 1e-4

Output = Callable[[Floats], Floats]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True)
class Measured:
    """A measured gradient of Σ Y·dE/dY, for all elements of an array or for some of them.

    Attributes:
        at: where the measured elements stand in the flat array.
        values: their gradients.
        shape: of the array.
        floor: how far from right the values may be, as a share of the largest.
        least: what is smaller than this cannot be told from zero.
        left_out: how many elements were left out because of a kink.
        directions: random directions over all elements, with the slope along each, where not all were measured alone.
    """

    at: NDArray[np.intp]
    values: Floats
    shape: tuple[int, ...]
    floor: float
    least: float
    left_out: int
    directions: tuple[tuple[Floats, float], ...] = ()

    @property
    def complete(self) -> bool:
        """All elements were measured."""
        return len(self.at) + self.left_out == int(np.prod(self.shape))

    @property
    def largest(self) -> float:
        """The largest value, without its sign."""
        return float(np.max(np.abs(self.values), initial=0.0))

    def of(self, array: Anything) -> Floats:
        """The same elements of another array."""
        chosen: Floats = np.asarray(array, dtype=np.float64).reshape(-1)[self.at]
        return chosen

    def wrong(self, array: Anything) -> NDArray[np.bool_]:
        """Which elements of an array of this shape are wrong."""
        return self.differs(self.of(array), self.values, WRONG)

    def wrong_elsewhere(self, array: Anything) -> bool:
        """Along a random direction the array gives another slope: elements that were not measured alone are wrong."""
        flat = np.asarray(array, dtype=np.float64).reshape(-1)
        for direction, slope in self.directions:
            scale = float(np.sqrt(np.sum((flat * direction) ** 2))) + abs(slope)
            if not abs(float(flat @ direction) - slope) <= (WRONG + 10 * self.floor) * scale + self.least * len(flat):
                return True
        return False

    def doubtful(self, array: Anything) -> NDArray[np.bool_]:
        """Which elements are not wrong, but farther off than rounding explains."""
        return self.differs(self.of(array), self.values, DOUBTFUL) & ~self.wrong(array)

    def differs(self, a: Floats, n: Floats, tolerance: float) -> NDArray[np.bool_]:
        """Where |a − n| / max(|a|, |n|) is above the tolerance and above what rounding makes; both zero is equal."""
        scale = float(np.max(np.abs(n), initial=0.0))
        with np.errstate(all="ignore"):
            allowed = tolerance * np.maximum(np.abs(a), np.abs(n)) + self.floor * scale + self.least
            far = np.abs(a - n) > allowed
        return far | ~np.isfinite(a)


def measure_input(
    subject: Subject, X: Floats, G: Floats, layer: object = None, places: Places | None = None
) -> Measured:
    """Measures dE/dX of Σ Y·G at X.

    Args:
        subject: the layer.
        X: where.
        G: dE/dY.
        layer: a copy that stands elsewhere, such as after an update; the layer as it is where it is None.
        places: the elements to measure; as many as there is time for where it is None.
    """

    def output(x: Floats) -> Floats:
        if subject.pure:
            return subject.output(trial, x)
        return subject.output(subject.fresh() if layer is None else _copy_of(layer, subject), x)

    trial = subject.fresh() if layer is None else _copy_of(layer, subject)
    return measure(output, X, G, places=places)


def measure_parameter(subject: Subject, path: Path, X: Floats, G: Floats, places: Places | None = None) -> Measured:
    """Measures the gradient of Σ Y·G by one of the layer's arrays, or by the elements of it at some places."""

    def output(values: Floats) -> Floats:
        changed = trial if subject.pure else subject.fresh()
        put(changed, path, values.astype(dtype) if dtype.kind == "f" else values)
        return subject.output(changed, X)

    trial = subject.fresh()
    array = np.array(at(trial, path))
    dtype = array.dtype
    return measure(output, array.astype(np.float64), G, dtype, places)


def measure(
    output: Output, point: Floats, G: Floats, dtype: np.dtype[np.generic] | None = None, places: Places | None = None,
    coarse: bool = False,
) -> Measured:  # fmt: skip
    """Measures the gradient of Σ output(point)·G by the elements of point.

    Args:
        output: the function.
        point: where.
        G: the gradient of its output.
        dtype: of the array that holds the point, float64 where it is None.
        places: which elements; some that are chosen at random where it is None and there are many.
        coarse: the function rounds so much that the finest step is of no use.
    """
    rng = np.random.default_rng(7)
    began = time.perf_counter()
    center = output(point)
    coarse = coarse or _is_single(center) or (dtype is not None and dtype.kind == "f" and dtype.itemsize < 8)
    seconds = time.perf_counter() - began
    noise = np.inf if coarse else _noise_of_step(output, point, G, rng, dtype)
    if GOOD < noise < np.inf:  # a kink on the way, or rounding: the latter is on every way
        noise = min(noise, _noise_of_step(output, point, G, rng, dtype))
    coarse = noise > GOOD
    step = _choose_step(output, point, G, rng, dtype, center) if coarse else STEP
    chosen = places
    if chosen is None:
        count = int(np.clip(SECONDS / ((4 if coarse else 2) * seconds), FEWEST_ELEMENTS, MOST_ELEMENTS))
        chosen = np.arange(point.size) if point.size <= count * 1.25 else np.sort(rng.choice(point.size, count, False))
    values, bends = _elements(output, point, chosen, step, G, center, dtype)
    scale = max(float(np.max(np.abs(values), initial=0)), 1e-9)
    if coarse:
        # The slope depends on the step: rounding and the curve's third derivative, but for a kink.
        rounding = SINGLE_DIGITS * float(np.linalg.norm(center * G)) / step
        floor = float(np.clip(max(3 * _usual(bends), rounding) / scale, 2e-4, 0.2))
        kinks = bends > 0.01 * np.abs(values) + floor * scale
    else:
        floor = max(1e-7, 10 * noise)
        kinks = bends > 0.02 * (np.abs(values) + 0.01 * scale) + 1e-7  # the slopes of both sides differ
        if 2 * kinks.sum() > len(kinks):  # that many are no kinks but rounding
            return measure(output, point, G, dtype, places, coarse=True)
    kinks |= ~np.isfinite(values)
    kept = ~kinks
    directions = []
    if len(chosen) < point.size:
        for _ in range(DIRECTIONS):
            move = rng.normal(size=point.shape)
            directions.append((move.reshape(-1), _along(output, point, move, step, G, dtype)))
    least = 1e-9 * (1.0 + float(np.max(np.abs(center), initial=0)))
    return Measured(chosen[kept], values[kept], point.shape, floor, least, int(kinks.sum()), tuple(directions))


def _usual(bends: Floats) -> float:
    """What three of four elements stay below: kinks are few."""
    finite = bends[np.isfinite(bends)]
    return float(np.quantile(finite, 0.75)) if len(finite) else 0.0


def _noise_of_step(
    output: Output, point: Floats, G: Floats, rng: np.random.Generator, dtype: np.dtype[np.generic] | None
) -> float:
    """How much the slopes along a random direction differ with the finest step and with its double."""
    if point.size == 0:
        return 0.0
    direction = rng.choice([-1.0, 1.0], point.shape) * np.maximum(1.0, np.abs(point))
    slopes = [_slope(output, point, direction * size, G, dtype) / size for size in (STEP, 2 * STEP)]
    norm = max(abs(slopes[0]), abs(slopes[1]), 1e-6 * float(np.sum(np.abs(G))), 1e-9)
    noise = abs(slopes[0] - slopes[1]) / norm
    return noise if np.isfinite(noise) else 1e-8


def _choose_step(
    output: Output, point: Floats, G: Floats, rng: np.random.Generator, dtype: np.dtype[np.generic] | None,
    center: Floats,
) -> float:  # fmt: skip
    """The coarse step whose slopes depend least on it, for a few elements."""
    some = rng.choice(point.size, min(FEW, point.size), replace=False)
    noise = [_usual(_elements(output, point, some, step, G, center, dtype)[1]) for step in COARSE_STEPS]
    return COARSE_STEPS[int(np.argmin(noise))]


def _elements(
    output: Output, point: Floats, chosen: NDArray[np.intp], step: float, G: Floats, center: Floats,
    dtype: np.dtype[np.generic] | None,
) -> tuple[Floats, Floats]:  # fmt: skip
    """The slopes along some elements, and how much each bends."""
    made = [_element(output, point, int(index), step, G, center, dtype) for index in chosen]
    return np.array([value for value, _ in made]), np.array([bend for _, bend in made])


def _along(
    output: Output, point: Floats, move: Floats, step: float, G: Floats, dtype: np.dtype[np.generic] | None
) -> float:
    """The slope along a direction in which all elements move."""
    if step == STEP:
        return _slope(output, point, step * move, G, dtype) / step
    step *= min(1.0, 4 / np.sqrt(point.size))  # together they move the output farther than one alone
    single, double = (_slope(output, point, size * move, G, dtype) / size for size in (step, 2 * step))
    return (4 * single - double) / 3


def _is_single(values: Floats) -> bool:
    """All numbers are such as 32 bits hold."""
    with np.errstate(all="ignore"):
        return bool(np.any(values)) and bool(np.array_equal(values, values.astype(np.float32)))


def _slope(output: Output, point: Floats, move: Floats, G: Floats, dtype: np.dtype[np.generic] | None) -> float:
    plus, minus = _stored(point + move, dtype), _stored(point - move, dtype)
    scale = float(np.sum((plus - minus) * move) / max(np.sum(2 * move * move), 1e-300))
    return float(np.sum((output(plus) - output(minus)) * G) / (2 * max(scale, 1e-300)))


def _element(
    output: Output, point: Floats, index: int, step: float, G: Floats, center: Floats,
    dtype: np.dtype[np.generic] | None,
) -> tuple[float, float]:  # fmt: skip
    """The slope along one element, and how much it bends there within one step."""
    size = step * max(1.0, abs(float(point.flat[index])))
    slopes, bend = [], 0.0
    for factor in (1.0,) if step == STEP else (1.0, 2.0):
        plus, minus = point.copy(), point.copy()
        plus.flat[index] += size * factor
        minus.flat[index] -= size * factor
        plus, minus = _stored(plus, dtype), _stored(minus, dtype)
        width = float(plus.flat[index] - minus.flat[index])
        high, low = output(plus), output(minus)
        slopes.append(float(np.sum((high - low) * G)) / width)
        if factor == 1.0:
            bend = float(np.max(np.abs((high - 2 * center + low) * G), initial=0)) / size
    # The error of a central difference goes with the square of its step: Richardson's extrapolation.
    return (slopes[0], bend) if len(slopes) == 1 else ((4 * slopes[0] - slopes[1]) / 3, abs(slopes[0] - slopes[1]))


def _stored(values: Floats, dtype: np.dtype[np.generic] | None) -> Floats:
    """The numbers as the array that holds them rounds them."""
    return values.astype(dtype).astype(np.float64) if dtype is not None and dtype.kind == "f" else values


def _copy_of(layer: object, subject: Subject) -> object:
    from nnstep.copies import copied

    subject.outside.restore()
    np.random.seed(0)
    return copied(layer)
