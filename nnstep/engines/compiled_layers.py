"""For each kind of layer one that computes the same on its arrays, with compiled loops and matrix products."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from nnstep.convolution import ConvLayer
from nnstep.engines import layer_kernels as kernels
from nnstep.engines.kernels import activate
from nnstep.layers import ActivationLayer, AffineLayer, Array, Layer, SoftmaxLayer
from nnstep.pooling import AveragePoolLayer, MaxPoolLayer

KINDS = {"identity": 0, "tanh": 1, "relu": 2, "sigmoid": 3, "leaky_relu": 4, "elu": 5, "gelu": 6}


class Runner(Protocol):
    """Runs one layer forward and back on batches; its layer's gradients are set, its parameters are not changed."""

    def forward(self, X: Array) -> Array:
        """Y, in an array that holds until the next call."""
        ...

    def backward(self, dE_dY: Array, wanted: bool) -> Array:
        """dE/dX where it is wanted, anything else where not."""
        ...


class Rooms:
    """Arrays to work in, by name and shape, that are used again from batch to batch."""

    def __init__(self, dtype: np.dtype[np.floating]) -> None:
        self.dtype = dtype
        self._held: dict[tuple[Any, ...], Array] = {}

    def __call__(self, name: str, *shape: int) -> Array:
        """The array of that name and shape; it holds what was left in it."""
        key = (name, *shape)
        if key not in self._held:
            self._held[key] = np.zeros(shape, self.dtype)
        return self._held[key]


class Affine:
    """Y = X W + b by matrix products."""

    def __init__(self, layer: AffineLayer) -> None:
        self.layer, self.room = layer, Rooms(layer.weights.dtype)
        layer.weights_gradient = np.zeros_like(layer.weights)
        layer.bias_gradient = np.zeros_like(layer.bias)

    def forward(self, X: Array) -> Array:
        """Y (batch, outputs)."""
        self.X, layer = X, self.layer
        Y = self.room("Y", len(X), len(layer.bias))
        if len(X) == 1:
            kernels.one_row_forward(X[0], layer.weights, layer.bias, Y[0])
            return Y
        np.dot(X, layer.weights, out=Y)
        Y += layer.bias
        return Y

    def backward(self, dE_dY: Array, wanted: bool) -> Array:
        """dE/dX (batch, inputs), and both gradients."""
        layer = self.layer
        np.dot(self.X.T, dE_dY, out=layer.weights_gradient)
        dE_dY.sum(axis=0, out=layer.bias_gradient)
        return np.dot(dE_dY, layer.weights.T, out=self.room("back", *self.X.shape)) if wanted else dE_dY

    def learn_from_one(self, dE_dY: Array, learning_rate: float, wanted: bool) -> Array:
        """Backward and plain descent at once for a batch of one row, in which zeros of X are left out."""
        layer, back = self.layer, self.room("back", *self.X.shape)
        kernels.one_row_back(dE_dY[0], layer.weights, wanted, back[0])
        rate = layer.weights.dtype.type(learning_rate)
        kernels.one_row_descent(self.X[0], dE_dY[0], rate, layer.weights, layer.bias)
        return back


class Conv:
    """A convolution as one matrix product of all patches with the weights."""

    def __init__(self, layer: ConvLayer) -> None:
        self.layer, self.room = layer, Rooms(layer.weights.dtype)
        layer.weights_gradient = np.zeros_like(layer.weights)
        layer.bias_gradient = np.zeros_like(layer.bias)

    def _patches(self, name: str, batch: int) -> Array:
        (high, wide), (height, width, _) = self.layer.kernel, self.layer.output_picture
        return self.room(name, batch, height, width, high, wide * self.layer.picture[2])

    def forward(self, X: Array) -> Array:
        """Y (batch, height, width, filters)."""
        layer, self.shape = self.layer, X.shape
        self.patches = self._patches("patches", len(X))
        images = X.reshape(len(X), *layer.picture)
        kernels.cut_patches(images, layer.kernel, layer.stride, layer.padding, self.patches)
        Y = self.room("Y", len(X), *layer.output_picture)
        filters = len(layer.bias)
        W = layer.weights.reshape(-1, filters)
        np.dot(self.patches.reshape(-1, len(W)), W, out=Y.reshape(-1, filters))
        Y += layer.bias
        return Y

    def backward(self, dE_dY: Array, wanted: bool) -> Array:
        """dE/dX, and both gradients."""
        layer, filters = self.layer, len(self.layer.bias)
        W, rows = layer.weights.reshape(-1, filters), dE_dY.reshape(-1, filters)
        np.dot(self.patches.reshape(-1, len(W)).T, rows, out=layer.weights_gradient.reshape(-1, filters))
        np.dot(np.ones(len(rows), rows.dtype), rows, out=layer.bias_gradient)
        if not wanted:
            return dE_dY
        back, images = self._patches("back", len(dE_dY)), self.room("images", len(dE_dY), *layer.picture)
        np.dot(rows, W.T, out=back.reshape(-1, len(W)))
        kernels.put_patches_back(back, layer.kernel, layer.stride, layer.padding, images)
        return images.reshape(self.shape)


class MaxPool:
    """The largest of each window."""

    def __init__(self, layer: MaxPoolLayer, dtype: np.dtype[np.floating]) -> None:
        self.layer, self.room = layer, Rooms(dtype)
        self.places = np.zeros((0, *layer.output_picture), np.int64)

    def forward(self, X: Array) -> Array:
        """Y (batch, height, width, channels)."""
        layer, self.shape = self.layer, X.shape
        if len(self.places) != len(X):
            self.places = np.zeros((len(X), *layer.output_picture), np.int64)
        Y = self.room("Y", len(X), *layer.output_picture)
        kernels.pool_largest(X.reshape(len(X), *layer.picture), layer.window, layer.stride, Y, self.places)
        return Y

    def backward(self, dE_dY: Array, wanted: bool) -> Array:
        """dE/dX."""
        layer, images = self.layer, self.room("images", len(dE_dY), *self.layer.picture)
        kernels.give_to_largest(dE_dY, self.places, layer.window, layer.stride, images)
        return images.reshape(self.shape)


class AveragePool:
    """The mean of each window."""

    def __init__(self, layer: AveragePoolLayer, dtype: np.dtype[np.floating]) -> None:
        self.layer, self.room = layer, Rooms(dtype)

    def forward(self, X: Array) -> Array:
        """Y (batch, height, width, channels)."""
        layer, self.shape = self.layer, X.shape
        Y = self.room("Y", len(X), *layer.output_picture)
        kernels.pool_mean(X.reshape(len(X), *layer.picture), layer.window, layer.stride, Y)
        return Y

    def backward(self, dE_dY: Array, wanted: bool) -> Array:
        """dE/dX."""
        layer, images = self.layer, self.room("images", len(dE_dY), *self.layer.picture)
        kernels.give_to_all(dE_dY, layer.window, layer.stride, images)
        return images.reshape(self.shape)


class Activation:
    """Y = f(X), with f′(X) computed on the way."""

    def __init__(self, layer: ActivationLayer, dtype: np.dtype[np.floating]) -> None:
        self.kind, self.room = KINDS[layer.activation.name], Rooms(dtype)

    def forward(self, X: Array) -> Array:
        """Y, of X's shape."""
        Y, self.slope = self.room("Y", *X.shape), self.room("slope", *X.shape)
        run = activate if self.kind < 4 else kernels.activate_more
        run(self.kind, X.reshape(-1), Y.reshape(-1), self.slope.reshape(-1))
        return Y

    def backward(self, dE_dY: Array, wanted: bool) -> Array:
        """dE/dX, of X's shape."""
        return np.multiply(dE_dY, self.slope, out=self.room("back", *dE_dY.shape))


class Softmax:
    """Y = e^X / Σ e^X."""

    def __init__(self, dtype: np.dtype[np.floating]) -> None:
        self.room, self.tiny = Rooms(dtype), np.finfo(dtype).tiny

    def forward(self, X: Array) -> Array:
        """Y (batch, n)."""
        self.Y = self.room("Y", *X.shape)
        kernels.softmax_rows(X, self.tiny, self.Y)
        return self.Y

    def backward(self, dE_dY: Array, wanted: bool) -> Array:
        """dE/dX (batch, n)."""
        back = self.room("back", *dE_dY.shape)
        kernels.softmax_back(dE_dY, self.Y, back)
        return back


class AsItIs:
    """A layer by its own methods: dropout and batch normalisation, which numpy is good at, and flatten."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer

    def forward(self, X: Array) -> Array:
        """Y."""
        return self.layer.forward_propagation(X)

    def backward(self, dE_dY: Array, wanted: bool) -> Array:
        """dE/dX, and the gradients of the layer's parameters."""
        return self.layer.backward_propagation(dE_dY, 0.0)


def runner_of(layer: Layer, dtype: np.dtype[np.floating]) -> Runner:
    """What runs a layer of nnstep's own."""
    if isinstance(layer, AffineLayer):
        return Affine(layer)
    if isinstance(layer, ConvLayer):
        return Conv(layer)
    if isinstance(layer, MaxPoolLayer):
        return MaxPool(layer, dtype)
    if isinstance(layer, AveragePoolLayer):
        return AveragePool(layer, dtype)
    if isinstance(layer, ActivationLayer):
        return Activation(layer, dtype)
    return Softmax(dtype) if isinstance(layer, SoftmaxLayer) else AsItIs(layer)
