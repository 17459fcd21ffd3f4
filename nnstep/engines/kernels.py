"""The loops that numba compiles; importing this module imports numba."""

# Numba reads these functions' bodies: they are written as loops over flat arrays, one compilation for all networks.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Sums may be taken in another order, so that they vectorise; NaN and infinity keep their meaning.
SUMS = {"reassoc", "contract", "nsz"}


def compiled(function: Callable[..., Any]) -> Any:
    """Compiles with a cache on disk, or without one where no folder can be written."""
    try:
        return njit(cache=True, nogil=True, fastmath=SUMS)(function)
    except RuntimeError:
        return njit(nogil=True, fastmath=SUMS)(function)


@compiled
def activate(kind: int, z: NDArray[Any], n: int, y: NDArray[Any], slope: NDArray[Any]) -> None:
    """Y = f(z) and f′(z): 0 identity, 1 tanh, 2 relu, 3 sigmoid."""
    one = z.dtype.type(1)
    for j in range(n):
        x = z[j]
        if kind == 1:
            y[j] = np.tanh(x)
            slope[j] = one - y[j] * y[j]
        elif kind == 2:
            y[j] = x if x > 0 or x != x else z.dtype.type(0)
            slope[j] = one if x > 0 else z.dtype.type(0)
        elif kind == 3:
            e = np.exp(-abs(x))
            y[j] = (one if x >= 0 else e) / (one + e)
            slope[j] = e / ((one + e) * (one + e))
        else:
            y[j] = x
            slope[j] = one


@compiled
def add_row(target: NDArray[Any], factor: Any, row: NDArray[Any]) -> None:
    """Adds factor · row to target."""
    for j in range(len(row)):
        target[j] += factor * row[j]


@compiled
def affine(
    weights: NDArray[Any], bias: NDArray[Any], x: NDArray[Any], used: NDArray[Any], count: int, z: NDArray[Any]
) -> None:
    """Computes z = b + Σ x[i] W[i] over the inputs that are not zero, four rows at a time."""
    n = len(bias)
    for j in range(n):
        z[j] = bias[j]
    whole = count - count % 4
    for k in range(0, whole, 4):
        a, b, c, d = x[used[k]], x[used[k + 1]], x[used[k + 2]], x[used[k + 3]]
        p = weights[used[k] * n : used[k] * n + n]
        q = weights[used[k + 1] * n : used[k + 1] * n + n]
        r = weights[used[k + 2] * n : used[k + 2] * n + n]
        s = weights[used[k + 3] * n : used[k + 3] * n + n]
        for j in range(n):
            z[j] += a * p[j] + b * q[j] + c * r[j] + d * s[j]
    for k in range(whole, count):
        add_row(z[:n], x[used[k]], weights[used[k] * n : used[k] * n + n])


@compiled
def dot(a: NDArray[Any], b: NDArray[Any]) -> Any:
    """Computes Σ a[j] b[j]."""
    total = a.dtype.type(0)
    for j in range(len(b)):
        total += a[j] * b[j]
    return total


@compiled
def run_rows(
    flat: NDArray[Any],
    gradient: NDArray[Any],
    starts: NDArray[Any],
    biases: NDArray[Any],
    widths: NDArray[Any],
    kinds: NDArray[Any],
    X: NDArray[Any],
    y: NDArray[Any],
    rate: Any,
    batch: int,
    losses: NDArray[Any],
    predictions: NDArray[Any],
) -> int:
    """Trains on the rows of X and returns how many are done; the last loss is not finite where that is fewer.

    `widths` are the sizes before and after each affine layer, `starts` and `biases` where its arrays are in `flat`.
    Batches add their gradients up in `gradient`; a single sample's update is made at once.
    """
    depth, widest, n = len(kinds), widths.max(), widths[-1]
    z = np.empty(widest, flat.dtype)
    values = np.empty((depth + 1, widest), flat.dtype)
    slopes = np.empty((depth, widest), flat.dtype)
    back, g = np.empty(widest, flat.dtype), np.empty(widest, flat.dtype)
    used = np.empty((depth, widest), np.int64)
    counts = np.empty(depth, np.int64)
    for first in range(0, len(X), batch):
        last = min(first + batch, len(X))
        scale = flat.dtype.type(2.0 / (n * (last - first)))
        for row in range(first, last):
            values[0, : widths[0]] = X[row]
            for l in range(depth):
                count = 0
                for i in range(widths[l]):
                    if values[l, i] != 0:
                        used[l, count] = i
                        count += 1
                counts[l] = count
                weights, bias = flat[starts[l] : biases[l]], flat[biases[l] : biases[l] + widths[l + 1]]
                affine(weights, bias, values[l], used[l], count, z)
                activate(kinds[l], z, widths[l + 1], values[l + 1], slopes[l])
            total, best = 0.0, 0
            for j in range(n):
                difference = values[depth, j] - y[row, j]
                total += float(difference) * float(difference)
                g[j] = scale * difference * slopes[depth - 1, j]
                if values[depth, j] > values[depth, best]:
                    best = j
            losses[row] = total / n
            predictions[row] = best
            if not np.isfinite(losses[row]):
                return row + 1
            for l in range(depth - 1, -1, -1):
                n_in, n_out = widths[l], widths[l + 1]
                error = g[:n_out]
                for i in range(n_in if l > 0 else 0):
                    p = starts[l] + i * n_out
                    back[i] = dot(flat[p : p + n_out], error) * slopes[l - 1, i]
                target, step = (flat, -rate) if batch == 1 else (gradient, flat.dtype.type(1))
                for k in range(counts[l]):
                    p = starts[l] + used[l, k] * n_out
                    add_row(target[p : p + n_out], step * values[l, used[l, k]], error)
                add_row(target[biases[l] : biases[l] + n_out], step, error)
                for i in range(n_in if l > 0 else 0):
                    g[i] = back[i]
        if batch > 1:
            for k in range(len(flat)):
                flat[k] -= rate * gradient[k]
                gradient[k] = 0
    return len(X)
