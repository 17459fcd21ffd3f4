"""The loops that numba compiles; importing this module imports numba."""

# Numba reads these functions' bodies: they are written as loops over flat arrays, one compilation for all networks.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload
from numpy.typing import NDArray

# Sums may be taken in another order, so that they vectorise; NaN and infinity keep their meaning.
SUMS = {"reassoc", "contract", "nsz"}

# Indices are unsigned: signed ones may be negative and count from the end, which costs a test in each short loop.
size_t = np.uint64
ZERO, ONE, TWO, THREE, FOUR = (np.uint64(number) for number in range(5))


def compiled(function: Callable[..., Any]) -> Any:
    """Compiles with a cache on disk, or without one where no folder can be written."""
    try:
        return njit(cache=True, nogil=True, fastmath=SUMS, error_model="numpy")(function)
    except RuntimeError:
        return njit(nogil=True, fastmath=SUMS, error_model="numpy")(function)


def exp_parts(x: Any) -> Any:
    """Computes 2ᵏ and eʳ − 1 for x ≤ 0, where eˣ = 2ᵏ eʳ; without a call, so that loops with it vectorise.

    k = round(x / ln 2) and r = x − k ln 2, so |r| ≤ ln 2 / 2, where a Taylor polynomial gives eʳ − 1 to the last bit or
    two. ln 2 is taken in two parts, the first with few digits (Cody and Waite 1980); 2ᵏ is put together from its bits.
    Below x = −700 (−80 in float32) it is as at −700.
    """
    raise NotImplementedError  # compiled code takes one of the two below


@overload(exp_parts)  # type: ignore[untyped-decorator]
def _exp_parts(x: Any) -> Any:
    return _exp_parts_float32 if x == types.float32 else _exp_parts_float64


def _exp_parts_float64(x: Any) -> Any:
    x = -700.0 if x < -700.0 else x
    k = np.floor(x * 1.4426950408889634 + 0.5)
    r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10
    p = 1 / 479001600 + r * (1 / 6227020800)
    p = 1 / 3628800 + r * (1 / 39916800 + r * p)
    p = 1 / 40320 + r * (1 / 362880 + r * p)
    p = 1 / 720 + r * (1 / 5040 + r * p)
    p = 1 / 24 + r * (1 / 120 + r * p)
    p = r + r * r * (0.5 + r * (1 / 6 + r * p))
    bits = np.float64(k + (2.0**52 + 1023)).view(np.int64) << np.int64(52)
    return np.int64(bits).view(np.float64), p


def _exp_parts_float32(x: Any) -> Any:
    f = np.float32
    x = f(-80) if x < f(-80) else x
    k = np.floor(x * f(1.4426950408889634) + f(0.5))
    r = (x - k * f(0.693359375)) + k * f(2.12194440e-4)
    p = f(1 / 120) + r * (f(1 / 720) + r * f(1 / 5040))
    p = r + r * r * (f(0.5) + r * (f(1 / 6) + r * (f(1 / 24) + r * p)))
    bits = np.float32(k + f(2.0**23 + 127)).view(np.int32) << np.int32(23)
    return np.int32(bits).view(np.float32), p


@compiled
def activate(kind: int, z: NDArray[Any], y: NDArray[Any], slope: NDArray[Any]) -> None:
    """Y = f(z) and f′(z): 0 identity, 1 tanh, 2 relu, 3 sigmoid."""
    zero, one, two = z.dtype.type(0), z.dtype.type(1), z.dtype.type(2)
    if kind == 1:
        for j in range(len(z)):
            power, p = exp_parts(-two * abs(z[j]))
            e = power * p + (power - one)
            t = -e / (two + e)
            y[j] = t if z[j] > 0 else -t
            slope[j] = one - t * t
    elif kind == 2:
        for j in range(len(z)):
            y[j] = zero if z[j] <= 0 else z[j]
            slope[j] = one if z[j] > 0 else zero
    elif kind == 3:
        for j in range(len(z)):
            power, p = exp_parts(-abs(z[j]))
            e = power * p + power
            y[j] = (one if z[j] >= 0 else e) / (one + e)
            slope[j] = e / ((one + e) * (one + e))
    else:
        for j in range(len(z)):
            y[j] = z[j]
            slope[j] = one


@compiled
def add_row(target: NDArray[Any], t: Any, factor: Any, source: NDArray[Any], s: Any, n: Any) -> None:
    """Adds factor · source[s : s + n] to target[t : t + n]."""
    for j in range(n):
        target[t + j] += factor * source[s + j]


@compiled
def add_rows(
    target: NDArray[Any], t: Any, factors: NDArray[Any], source: NDArray[Any], starts: NDArray[Any], count: Any, n: Any
) -> None:
    """Adds Σₖ factors[k] · source[starts[k] : + n] to target[t : t + n], four rows at a time to spare stores."""
    whole = count - count % FOUR
    for k in range(ZERO, whole, FOUR):
        a, b, c, d = factors[k], factors[k + ONE], factors[k + TWO], factors[k + THREE]
        p, q, r, s = starts[k], starts[k + ONE], starts[k + TWO], starts[k + THREE]
        for j in range(n):
            target[t + j] += (a * source[p + j] + b * source[q + j]) + (c * source[r + j] + d * source[s + j])
    for k in range(whole, count):
        add_row(target, t, factors[k], source, starts[k], n)


@compiled
def dot(a: NDArray[Any], p: Any, b: NDArray[Any], q: Any, n: Any) -> Any:
    """Computes Σ a[p + j] b[q + j]."""
    total = a.dtype.type(0)
    for j in range(n):
        total += a[p + j] * b[q + j]
    return total


@compiled
def dot_and_add(target: NDArray[Any], t: Any, factor: Any, source: NDArray[Any], n: Any) -> Any:
    """Computes target[t : t + n] · source, and adds factor · source to that row after it was read."""
    total = target.dtype.type(0)
    for j in range(n):
        total += target[t + j] * source[j]
        target[t + j] += factor * source[j]
    return total


@compiled
def nonzero(pixels: NDArray[Any], row: Any, inputs: Any, used: NDArray[Any]) -> Any:
    """Lists in `used` which inputs of a sample are not zero, and returns how many."""
    count = ZERO
    for i in range(inputs):
        used[count] = i
        count += size_t(pixels[row, i] != 0)
    return count


@compiled
def value_of(pixel: Any, table: NDArray[Any]) -> Any:
    """An input: by the table where it has entries, or as it is."""
    if len(table):
        return table[int(pixel)]
    return table.dtype.type(pixel)


@compiled
def compare(y: NDArray[Any], label: Any, n: Any, scale: Any, slope: NDArray[Any], error: NDArray[Any]) -> Any:
    """The mean squared error and the largest output's class; puts dE/dz of the last layer into `error`."""
    total = 0.0
    best: Any = ZERO
    for j in range(n):
        difference = y[j] - y.dtype.type(1) if j == label else y[j]
        total += float(difference) * float(difference)
        error[j] = scale * difference * slope[j]
        if y[j] > y[best]:
            best = j
    for j in range(n, size_t(len(error))):
        error[j] = 0
    return total / float(n), best


@compiled
def run_rows(
    flat: NDArray[Any],
    weights: NDArray[Any],
    biases: NDArray[Any],
    widths: NDArray[Any],
    strides: NDArray[Any],
    kinds: NDArray[Any],
    pixels: NDArray[Any],
    table: NDArray[Any],
    labels: NDArray[Any],
    rows: NDArray[Any],
    rate: Any,
    work: NDArray[Any],
    losses: NDArray[Any],
    predictions: NDArray[Any],
) -> Any:
    """Trains on the rows and returns how many are done; the last loss is not finite where that is fewer than all.

    `widths` are the sizes before and after each affine layer; `weights` and `biases` say where its arrays begin in
    `flat`, `strides` how far apart its rows are: what lies between is zero, stays zero, and lets loops run without a
    rest. A batch goes forward sample by sample, then back layer by layer: each row of weights gives its part of dE/dX
    for all samples, and then takes its update. `work` has a row for each sample of a batch and one more, all zero
    and as long as the longest stride.
    """
    first: Any
    l: Any
    depth, dtype = size_t(len(kinds)), flat.dtype
    inputs, outputs, widest, most = widths[ZERO], widths[depth], size_t(work.shape[1]), widths.max()
    batch = size_t(len(work)) - ONE
    y, slopes = np.empty((depth, batch, widest), dtype), np.empty((depth, batch, widest), dtype)
    error, back, z = work[:batch], np.empty((batch, widest), dtype), work[batch]
    used, counts = np.empty((batch, inputs + ONE), np.uint64), np.empty(batch, np.uint64)
    x, factors = np.empty((batch, inputs), dtype), np.empty(max(most, batch), dtype)
    starts, row_starts = np.empty(max(most, batch), np.uint64), np.empty((depth, most), np.uint64)
    room = batch if batch > ONE else ZERO
    column, column_starts = np.empty((inputs, room), dtype), np.empty((inputs, room), np.uint64)
    filled, errors = np.zeros(inputs, np.uint64), work.reshape(-1)
    for l in range(depth):
        for i in range(widths[l]):
            row_starts[l, i] = weights[l] + i * strides[l]
    for first in range(ZERO, size_t(len(rows)), batch):
        size = min(batch, size_t(len(rows)) - first)
        scale = dtype.type(2.0 / float(outputs * size))
        for s in range(size):
            row = rows[first + s]
            counts[s] = nonzero(pixels, row, inputs, used[s])
            for k in range(counts[s]):
                x[s, k], starts[k] = value_of(pixels[row, used[s, k]], table), row_starts[ZERO, used[s, k]]
            for l in range(depth):
                stride = strides[l]
                for j in range(stride):
                    z[j] = flat[biases[l] + j]
                if l == ZERO:
                    add_rows(z, ZERO, x[s], flat, starts, counts[s], stride)
                else:
                    add_rows(z, ZERO, y[l - ONE, s], flat, row_starts[l], widths[l], stride)
                activate(kinds[l], z[:stride], y[l, s], slopes[l, s])
            top = depth - ONE
            loss, best = compare(y[top, s], size_t(labels[row]), outputs, scale, slopes[top, s], error[s])
            losses[first + s], predictions[first + s] = loss, best
            if not np.isfinite(loss):
                return np.int64(first + s + ONE)
        for above in range(ONE, depth):
            l = depth - above
            n_in, stride, below = widths[l], strides[l], l - ONE
            if size == ONE:
                values, slope = y[below, ZERO], slopes[below, ZERO]
                for i in range(n_in):
                    share = dot_and_add(flat, row_starts[l, i], -rate * values[i], errors, stride)
                    back[ZERO, i] = share * slope[i]
            else:
                for s in range(size):
                    starts[s] = s * widest
                for i in range(n_in):
                    for s in range(size):
                        back[s, i] = dot(flat, row_starts[l, i], errors, starts[s], stride) * slopes[below, s, i]
                        factors[s] = -rate * y[below, s, i]
                    add_rows(flat, row_starts[l, i], factors, errors, starts, size, stride)
            for s in range(size):
                add_row(flat, biases[l], -rate, errors, s * widest, stride)
                error[s, :n_in] = back[s, :n_in]
                error[s, n_in : strides[below]] = 0
        stride = strides[ZERO]
        if size == ONE:
            for k in range(counts[ZERO]):
                add_row(flat, row_starts[ZERO, used[ZERO, k]], -rate * x[ZERO, k], errors, ZERO, stride)
        else:
            for s in range(size):
                for k in range(counts[s]):
                    i = used[s, k]
                    column[i, filled[i]], column_starts[i, filled[i]] = -rate * x[s, k], s * widest
                    filled[i] += ONE
            for i in range(inputs):
                add_rows(flat, row_starts[ZERO, i], column[i], errors, column_starts[i], filled[i], stride)
                filled[i] = ZERO
        for s in range(size):
            add_row(flat, biases[ZERO], -rate, errors, s * widest, stride)
    return np.int64(len(rows))
