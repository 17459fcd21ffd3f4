"""Layers that make pictures smaller, or rows: max pooling, average pooling and flatten."""

from __future__ import annotations

import numpy as np

from nnstep.convolution import Picture, pictures_of, reached, size_text, windows_in, windows_of
from nnstep.layers import Array, Layer


class PoolingLayer(Layer):
    """What both kinds of pooling have in common: windows over each channel; what no whole window covers is left out.

    Args:
        picture: height, width and channels of X.
        window: its height and width.
        stride: by how many pixels the window moves; its own height where none is given.
    """

    kind = "pool"

    def __init__(self, picture: Picture, window: tuple[int, int] = (2, 2), stride: int | None = None) -> None:
        self.picture, self.window, self.stride = picture, window, stride or window[0]
        self.output_picture: Picture = (*windows_in(picture, window, self.stride, self.kind), picture[2])
        self.input_shape: tuple[int, ...] = ()

    def _windows(self, X: Array) -> Array:
        """(batch, height, width, pixels of a window, channels)."""
        self.input_shape = X.shape
        windows = windows_of(pictures_of(X, self.picture, repr(self)), self.window, self.stride)
        return windows.reshape(*windows.shape[:3], -1, windows.shape[-1])

    def __repr__(self) -> str:
        return f"{self.kind} {size_text(self.picture)} → {size_text(self.output_picture)}"


class MaxPoolLayer(PoolingLayer):
    """Y[y, x, c] = the largest X of the window at y, x; the first one where several are."""

    kind = "maxpool"

    def __init__(self, picture: Picture, window: tuple[int, int] = (2, 2), stride: int | None = None) -> None:
        super().__init__(picture, window, stride)
        self.largest = np.zeros((0, *self.output_picture), np.intp)

    def forward_propagation(self, X: Array) -> Array:
        """Computes Y (batch, height, width, channels), and notes which pixel of each window it came from."""
        windows = self._windows(X)
        self.largest = windows.argmax(axis=3)
        Y: Array = windows.max(axis=3)
        return Y

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        """Gives dE/dY of each window to the pixel that was the largest: dE/dX, of X's shape. Nothing is learned."""
        dE_dX = np.zeros((len(dE_dY), *self.picture), dE_dY.dtype)
        for i in range(self.window[0]):
            for j in range(self.window[1]):
                chosen = self.largest == i * self.window[1] + j
                dE_dX[reached(i, j, self.output_picture, self.stride)] += dE_dY * chosen
        return dE_dX.reshape(self.input_shape)


class AveragePoolLayer(PoolingLayer):
    """Y[y, x, c] = the mean of X in the window at y, x."""

    kind = "avgpool"

    def forward_propagation(self, X: Array) -> Array:
        """Computes Y (batch, height, width, channels)."""
        Y: Array = self._windows(X).mean(axis=3)
        return Y

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        """Gives dE/dY of each window to all its pixels in equal parts: dE/dX, of X's shape. Nothing is learned."""
        share = dE_dY / (self.window[0] * self.window[1])
        dE_dX = np.zeros((len(dE_dY), *self.picture), dE_dY.dtype)
        for i in range(self.window[0]):
            for j in range(self.window[1]):
                dE_dX[reached(i, j, self.output_picture, self.stride)] += share
        return dE_dX.reshape(self.input_shape)


class FlattenLayer(Layer):
    """Makes each picture one row: row after row, in each the pixels from left to right, of each all channels."""

    def __init__(self) -> None:
        self.input_shape: tuple[int, ...] = ()

    def forward_propagation(self, X: Array) -> Array:
        """Y (batch, height · width · channels) from X (batch, height, width, channels)."""
        self.input_shape = X.shape
        return X.reshape(len(X), -1)

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        """dE/dX, which is dE/dY in X's shape."""
        return dE_dY.reshape(self.input_shape)

    def __repr__(self) -> str:
        return "flatten"
