"""The convolution: the same small filters over every place of a picture, for each an output picture."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import DTypeLike

from nnstep.errors import NnstepError
from nnstep.layers import Array, Layer, initial_weights

Picture = tuple[int, int, int]


class ConvLayer(Layer):
    """Y[y, x, k] = Σ X[y·stride + i, x·stride + j, c] W[i, j, c, k] + b[k], as every framework computes it.

    Pictures are (batch, height, width, channels); X may come as rows (batch, height · width · channels) as well, and
    dE/dX then has that shape too.

    Args:
        picture: height, width and channels of X.
        filters: how many there are, the channels of Y.
        kernel: height and width of a filter.
        stride: by how many pixels the filter moves.
        padding: how many zeros are put around X on each side.
        init: how the weights start, as for the affine layer, with height · width · channels of a filter as its inputs.
        rng: where the weights are drawn from; a fresh generator with seed 0 where none is given.
        dtype: float64 or float32.

    Raises:
        NnstepError: the filter is larger than the picture.
    """

    def __init__(
        self,
        picture: Picture,
        filters: int,
        kernel: tuple[int, int] = (3, 3),
        stride: int = 1,
        padding: int = 0,
        init: str = "lecun",
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = np.random.default_rng(0) if rng is None else rng
        height, width, channels = picture
        self.picture, self.kernel, self.stride, self.padding = picture, kernel, stride, padding
        padded = (height + 2 * padding, width + 2 * padding, channels)
        self.output_picture: Picture = (*windows_in(padded, kernel, stride, "conv"), filters)
        n = kernel[0] * kernel[1]
        drawn = initial_weights(init, n * channels, filters, rng, n * filters)
        self.weights: Array = drawn.reshape(*kernel, channels, filters).astype(dtype)
        self.bias: Array = np.zeros(filters, dtype)
        self.weights_gradient: Array = np.zeros_like(self.weights)
        self.bias_gradient: Array = np.zeros_like(self.bias)
        self.input_shape: tuple[int, ...] = ()
        self.patches: Array = np.zeros((0, n * channels), dtype)

    @property
    def parameters(self) -> dict[str, Array]:
        """`weights` (height, width, channels, filters) and `bias` (filters,)."""
        return {"weights": self.weights, "bias": self.bias}

    @property
    def gradients(self) -> dict[str, Array]:
        """dE/dW and dE/db of the last backward call, of the same shapes."""
        return {"weights": self.weights_gradient, "bias": self.bias_gradient}

    def forward_propagation(self, X: Array) -> Array:
        """Computes Y (batch, height, width, filters): each patch of X under the filter, times the weights.

        Raises:
            NnstepError: X has another size than the picture that the layer was made for.
        """
        self.input_shape = X.shape
        images = pictures_of(X, self.picture, repr(self))
        images = np.pad(images, ((0, 0), (self.padding,) * 2, (self.padding,) * 2, (0, 0)))
        windows = windows_of(images, self.kernel, self.stride)
        self.patches = windows.reshape(-1, self.weights[..., 0].size)
        Y = self.patches @ self.weights.reshape(-1, len(self.bias)) + self.bias
        return Y.reshape(len(X), *self.output_picture)

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        """Computes dE/dX, dE/dW and dE/db, then descends by them.

        Args:
            dE_dY: (batch, height, width, filters).
            learning_rate: η in W ← W − η dE/dW.

        Returns:
            dE/dX, of X's shape, from the weights before the update.
        """
        rows = dE_dY.reshape(-1, len(self.bias))
        dE_dpatches = rows @ self.weights.reshape(-1, len(self.bias)).T
        dE_dX = self._put_back(dE_dpatches.reshape(*dE_dY.shape[:3], *self.weights.shape[:3]))
        self.weights_gradient = np.dot(self.patches.T, rows).reshape(self.weights.shape)
        self.bias_gradient = rows.sum(axis=0)
        self.weights -= learning_rate * self.weights_gradient
        self.bias -= learning_rate * self.bias_gradient
        return dE_dX

    def _put_back(self, patches: Array) -> Array:
        """Adds up what each pixel got from all patches that it was in."""
        batch, (height, width, channels), pad = len(patches), self.picture, self.padding
        images = np.zeros((batch, height + 2 * pad, width + 2 * pad, channels), patches.dtype)
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                images[reached(i, j, self.output_picture, self.stride)] += patches[:, :, :, i, j]
        return images[:, pad : pad + height, pad : pad + width].reshape(self.input_shape)

    def __repr__(self) -> str:
        return f"conv {size_text(self.picture)} → {size_text(self.output_picture)}"


def windows_of(images: Array, window: tuple[int, int], stride: int) -> Array:
    """All windows of pictures, (batch, height, width, window's height, window's width, channels), without copying."""
    windows = sliding_window_view(images, window, axis=(1, 2))[:, ::stride, ::stride]
    return windows.transpose(0, 1, 2, 4, 5, 3)


def reached(i: int, j: int, windows: Picture, stride: int) -> tuple[slice, slice, slice]:
    """Which pixels stand at place i, j of all windows."""
    height, width, _ = windows
    return slice(None), slice(i, i + height * stride, stride), slice(j, j + width * stride, stride)


def windows_in(picture: Picture, window: tuple[int, int], stride: int, what: str) -> tuple[int, int]:
    """How many windows fit below each other and side by side.

    Raises:
        NnstepError: not even one does.
    """
    if window[0] > picture[0] or window[1] > picture[1]:
        raise NnstepError(
            f"{what}: a window of {window[0]} × {window[1]} is larger than the picture of {picture[0]} × {picture[1]}"
        )
    return (picture[0] - window[0]) // stride + 1, (picture[1] - window[1]) // stride + 1


def pictures_of(X: Array, picture: Picture, layer: str) -> Array:
    """X as (batch, height, width, channels), however its rows are laid out.

    Raises:
        NnstepError: its size is another one.
    """
    if X.shape[1:] != picture and (X.ndim != 2 or X.shape[1] != np.prod(picture)):
        raise NnstepError(f"{layer} expected X of shape (batch, {', '.join(map(str, picture))}), received {X.shape}")
    return X.reshape(len(X), *picture)


def size_text(picture: Picture) -> str:
    """Such as `26×26×8`."""
    return "×".join(map(str, picture))
