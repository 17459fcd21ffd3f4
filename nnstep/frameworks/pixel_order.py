"""Reorders what stands behind a flatten layer: frameworks that put channels first flatten pictures in another order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nnstep.errors import NnstepError
from nnstep.layer_parts import sizes_of
from nnstep.layers import AffineLayer, Array, Layer
from nnstep.pooling import FlattenLayer


def with_channels_first(layers: Sequence[Layer], arrays: Sequence[Mapping[str, Array]]) -> list[dict[str, Array]]:
    """Parameters as they are where pictures are flattened channel after channel.

    Args:
        layers: all layers of the network.
        arrays: of each, by name, empty for one that has none.
    """
    return _reordered(layers, arrays, back=False)


def with_channels_last(layers: Sequence[Layer], arrays: Sequence[Mapping[str, Array]]) -> list[dict[str, Array]]:
    """The way back: parameters as nnstep has them, where pictures are flattened pixel after pixel."""
    return _reordered(layers, arrays, back=True)


def kept_in(layers: Sequence[Layer]) -> list[dict[str, Array]]:
    """Parameters and state of each layer that has parameters; nothing of the others."""
    return [layer.parameters | layer.state if layer.parameters else {} for layer in layers]


def _reordered(layers: Sequence[Layer], arrays: Sequence[Mapping[str, Array]], back: bool) -> list[dict[str, Array]]:
    order: NDArray[np.int64] | None = None
    picture: object = None
    found = []
    for layer, named in zip(layers, arrays, strict=True):
        if isinstance(layer, FlattenLayer) and isinstance(picture, tuple):
            order = np.arange(int(np.prod(picture))).reshape(picture).transpose(2, 0, 1).ravel()
            order = np.argsort(order) if back else order
        fits = order is not None and all(len(array) == len(order) for n, array in named.items() if n != "bias")
        if order is not None and fits:
            found.append({name: a if name == "bias" else a[order] for name, a in named.items()})
        else:
            found.append(dict(named))
        if isinstance(layer, AffineLayer):
            order = None
        sizes = sizes_of(layer)
        picture = sizes[1] if sizes else picture
    if order is not None and np.any(np.diff(order) < 0):
        raise NnstepError(
            "PyTorch and ONNX flatten pictures channel after channel: these outputs would come in another order there",
            "Put an affine layer behind flatten",
        )
    return found
