"""The loops that numba compiles for single layers, losses and optimizers; importing this module imports numba."""

# Pictures are (batch, height, width, channels), C-contiguous; the last axis is the inner loop, so that it vectorises.

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.engines.kernels import compiled, exp_parts


@compiled
def cut_patches(images: NDArray[Any], kernel: Any, stride: int, pad: int, patches: NDArray[Any]) -> None:
    """Fills patches (batch, height, width, kernel's height, kernel's width · channels); outside a picture is 0."""
    batch, height, width, channels = images.shape
    rows = images.reshape(batch, height, width * channels)
    length = kernel[1] * channels
    for s in range(batch):
        for y in range(patches.shape[1]):
            for x in range(patches.shape[2]):
                left = (x * stride - pad) * channels
                for i in range(kernel[0]):
                    row = y * stride + i - pad
                    if row < 0 or row >= height:
                        for j in range(length):
                            patches[s, y, x, i, j] = 0
                    elif left >= 0 and left + length <= width * channels:
                        for j in range(length):
                            patches[s, y, x, i, j] = rows[s, row, left + j]
                    else:
                        for j in range(length):
                            inside = 0 <= left + j < width * channels
                            patches[s, y, x, i, j] = rows[s, row, left + j] if inside else 0


@compiled
def put_patches_back(patches: NDArray[Any], kernel: Any, stride: int, pad: int, images: NDArray[Any]) -> None:
    """Adds up in each pixel of the images what all patches have there; patches are as `cut_patches` fills them."""
    batch, height, width, channels = images.shape
    rows = images.reshape(batch, height, width * channels)
    length = kernel[1] * channels
    for s in range(batch):
        for y in range(height):
            for j in range(width * channels):
                rows[s, y, j] = 0
        for y in range(patches.shape[1]):
            for i in range(kernel[0]):
                row = y * stride + i - pad
                if row < 0 or row >= height:
                    continue
                for x in range(patches.shape[2]):
                    left = (x * stride - pad) * channels
                    low, high = max(0, -left), min(length, width * channels - left)
                    for j in range(low, high):
                        rows[s, row, left + j] += patches[s, y, x, i, j]


@compiled
def pool_largest(images: NDArray[Any], window: Any, stride: int, Y: NDArray[Any], places: NDArray[Any]) -> None:
    """The largest of each window, and its place in it, the first one where several are; NaN is larger than any."""
    for s in range(Y.shape[0]):
        for y in range(Y.shape[1]):
            for x in range(Y.shape[2]):
                for c in range(Y.shape[3]):
                    best, place = images[s, y * stride, x * stride, c], 0
                    for i in range(window[0]):
                        for j in range(window[1]):
                            value = images[s, y * stride + i, x * stride + j, c]
                            if value > best or (value != value and best == best):
                                best, place = value, i * window[1] + j
                    Y[s, y, x, c], places[s, y, x, c] = best, place


@compiled
def give_to_largest(dE_dY: NDArray[Any], places: NDArray[Any], window: Any, stride: int, images: NDArray[Any]) -> None:
    """Gives each window's gradient to its largest pixel."""
    images[:] = 0
    for s in range(dE_dY.shape[0]):
        for y in range(dE_dY.shape[1]):
            for x in range(dE_dY.shape[2]):
                for c in range(dE_dY.shape[3]):
                    i, j = divmod(places[s, y, x, c], window[1])
                    images[s, y * stride + i, x * stride + j, c] += dE_dY[s, y, x, c]


@compiled
def pool_mean(images: NDArray[Any], window: Any, stride: int, Y: NDArray[Any]) -> None:
    """The mean of each window."""
    share = images.dtype.type(1 / (window[0] * window[1]))
    Y[:] = 0
    for s in range(Y.shape[0]):
        for y in range(Y.shape[1]):
            for x in range(Y.shape[2]):
                for i in range(window[0]):
                    for j in range(window[1]):
                        for c in range(Y.shape[3]):
                            Y[s, y, x, c] += share * images[s, y * stride + i, x * stride + j, c]


@compiled
def give_to_all(dE_dY: NDArray[Any], window: Any, stride: int, images: NDArray[Any]) -> None:
    """Gives each window's gradient to all its pixels in equal parts."""
    share = images.dtype.type(1 / (window[0] * window[1]))
    images[:] = 0
    for s in range(dE_dY.shape[0]):
        for y in range(dE_dY.shape[1]):
            for x in range(dE_dY.shape[2]):
                for i in range(window[0]):
                    for j in range(window[1]):
                        for c in range(dE_dY.shape[3]):
                            images[s, y * stride + i, x * stride + j, c] += share * dE_dY[s, y, x, c]


@compiled
def activate_more(kind: int, z: NDArray[Any], y: NDArray[Any], slope: NDArray[Any]) -> None:
    """Y = f(z) and f′(z): 4 leaky relu, 5 elu, 6 gelu; `kernels.activate` knows the others."""
    zero, one, leak = z.dtype.type(0), z.dtype.type(1), z.dtype.type(0.01)
    if kind == 4:
        for j in range(len(z)):
            y[j] = z[j] if z[j] > 0 else leak * z[j]
            slope[j] = one if z[j] > 0 else leak
    elif kind == 5:
        for j in range(len(z)):
            power, p = exp_parts(zero if z[j] > 0 else z[j])
            below = power * p + (power - one)
            y[j] = z[j] if z[j] > 0 else below
            slope[j] = one if z[j] > 0 else power * p + power
    else:
        for j in range(len(z)):
            x = np.float64(z[j])
            share = math.erfc(-x / 1.4142135623730951) / 2
            near = min(max(x, -40.0), 40.0)
            y[j] = x * share
            slope[j] = share + near * math.exp(-near * near / 2) / 2.5066282746310002


@compiled
def softmax_rows(X: NDArray[Any], tiny: Any, Y: NDArray[Any]) -> None:
    """Y = e^X / Σ e^X in each row, no less than `tiny`."""
    for s in range(X.shape[0]):
        top, total = X[s].max(), X.dtype.type(0)
        for j in range(X.shape[1]):
            Y[s, j] = math.exp(X[s, j] - top)
            total += Y[s, j]
        for j in range(X.shape[1]):
            Y[s, j] = max(Y[s, j] / total, tiny)


@compiled
def softmax_back(dE_dY: NDArray[Any], Y: NDArray[Any], dE_dX: NDArray[Any]) -> None:
    """dE/dX[j] = Y[j] (dE/dY[j] − Σₖ dE/dY[k] Y[k]) in each row."""
    for s in range(Y.shape[0]):
        mean = Y.dtype.type(0)
        for j in range(Y.shape[1]):
            mean += dE_dY[s, j] * Y[s, j]
        for j in range(Y.shape[1]):
            dE_dX[s, j] = Y[s, j] * (dE_dY[s, j] - mean)


@compiled
def judge(
    kind: int,
    outputs: NDArray[Any],
    labels: NDArray[Any],
    tiny: Any,
    losses: NDArray[Any],
    predictions: NDArray[Any],
    gradient: NDArray[Any],
) -> Any:
    """Each row's loss and class, and dE/dŷ of the mean loss: 0 mse, 1 cross-entropy, 2 softmax cross-entropy.

    Returns how many rows are done: fewer than all where a loss is not finite, which is the last one then.
    """
    rows, n = outputs.shape
    for s in range(rows):
        y, label, best, loss = outputs[s], labels[s], 0, 0.0
        for j in range(1, n):
            if y[j] > y[best] or (y[j] != y[j] and y[best] == y[best]):
                best = j
        if kind == 0:
            for j in range(n):
                difference = y[j] - outputs.dtype.type(1 if j == label else 0)
                loss += float(difference) * float(difference)
                gradient[s, j] = 2 * difference / (n * rows)
            loss /= n
        elif kind == 1:
            share = max(y[label], tiny)
            loss = -math.log(share)
            for j in range(n):
                gradient[s, j] = 0
                loss += 0 * y[j]
            gradient[s, label] = -1 / share / rows
        else:
            total = 0.0
            for j in range(n):
                total += math.exp(y[j] - y[best])
            loss = math.log(total) - (y[label] - y[best])
            for j in range(n):
                gradient[s, j] = (math.exp(y[j] - y[best]) / total - (1 if j == label else 0)) / rows
        losses[s], predictions[s] = loss, best
        if not np.isfinite(loss):
            return s + 1
    return rows


@compiled
def one_row_forward(x: NDArray[Any], W: NDArray[Any], b: NDArray[Any], z: NDArray[Any]) -> None:
    """Z = x W + b for one row; zeros of x are left out."""
    for j in range(len(b)):
        z[j] = b[j]
    for i in range(len(x)):
        if x[i] != 0:
            for j in range(len(b)):
                z[j] += x[i] * W[i, j]


@compiled
def one_row_back(g: NDArray[Any], W: NDArray[Any], wanted: bool, back: NDArray[Any]) -> None:
    """dE/dx = W g for one row, where it is wanted."""
    if wanted:
        for i in range(len(W)):
            total = W.dtype.type(0)
            for j in range(len(g)):
                total += W[i, j] * g[j]
            back[i] = total


@compiled
def one_row_descent(x: NDArray[Any], g: NDArray[Any], rate: Any, W: NDArray[Any], b: NDArray[Any]) -> None:
    """W ← W − η xᵀ g and b ← b − η g for one row; zeros of x are left out."""
    for i in range(len(x)):
        if x[i] != 0:
            factor = rate * x[i]
            for j in range(len(g)):
                W[i, j] -= factor * g[j]
    for j in range(len(g)):
        b[j] -= rate * g[j]


@compiled
def scaled_subtract(parameter: NDArray[Any], gradient: NDArray[Any], rate: Any) -> None:
    """W ← W − η g, without an array between."""
    for k in range(len(parameter)):
        parameter[k] -= rate * gradient[k]


@compiled
def momentum_descent(
    parameter: NDArray[Any], gradient: NDArray[Any], rate: Any, kept: Any, ahead: Any, velocity: NDArray[Any]
) -> None:
    """V ← kept V + g; W ← W − η V, or with `ahead` ≠ 0 (Nesterov) W ← W − η (g + ahead V)."""
    for k in range(len(parameter)):
        velocity[k] = kept * velocity[k] + gradient[k]
        parameter[k] -= rate * (gradient[k] + ahead * velocity[k] if ahead != 0 else velocity[k])


@compiled
def rmsprop_descent(
    parameter: NDArray[Any], gradient: NDArray[Any], rate: Any, kept: Any, epsilon: Any, squares: NDArray[Any]
) -> None:
    """S ← kept S + (1 − kept) g²; W ← W − η g / (√S + ε)."""
    rest = parameter.dtype.type(1) - kept
    for k in range(len(parameter)):
        squares[k] = kept * squares[k] + rest * gradient[k] * gradient[k]
        parameter[k] -= rate * gradient[k] / (np.sqrt(squares[k]) + epsilon)


@compiled
def adam_descent(
    parameter: NDArray[Any],
    gradient: NDArray[Any],
    rate: Any,
    shrunk: Any,
    first: Any,
    second: Any,
    scale: Any,
    epsilon: Any,
    mean: NDArray[Any],
    squares: NDArray[Any],
) -> None:
    """Adam's update; `rate` is η / (1 − 0.9ᵗ), `scale` 1 / (1 − 0.999ᵗ), and W is first multiplied with `shrunk`."""
    one = parameter.dtype.type(1)
    for k in range(len(parameter)):
        mean[k] = first * mean[k] + (one - first) * gradient[k]
        squares[k] = second * squares[k] + (one - second) * gradient[k] * gradient[k]
        parameter[k] = shrunk * parameter[k] - rate * mean[k] / (np.sqrt(squares[k] * scale) + epsilon)
