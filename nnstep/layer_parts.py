"""The parts of a network's one-line description: each becomes a layer, and each layer such a part again."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from nnstep.activations import ACTIVATIONS
from nnstep.batchnorm import BatchNormLayer
from nnstep.convolution import ConvLayer, Picture, size_text
from nnstep.dropout import DropoutLayer
from nnstep.errors import NnstepError
from nnstep.layers import ActivationLayer, AffineLayer, Layer, SoftmaxLayer
from nnstep.pooling import AveragePoolLayer, FlattenLayer, MaxPoolLayer, PoolingLayer

LARGEST = 1_000_000
SYNTAX = {
    "conv": "conv FILTERS HEIGHTxWIDTH [stride N] [pad N|same]",
    "maxpool": "maxpool N|HEIGHTxWIDTH [stride N]",
    "avgpool": "avgpool N|HEIGHTxWIDTH [stride N]",
    "flatten": "flatten",
    "dropout": "dropout RATE",
    "batchnorm": "batchnorm",
    "softmax": "softmax",
}
Shape = int | Picture


@dataclass(slots=True)
class Building:
    """A network that is being built, up to the present part.

    Attributes:
        init, rng, dtype, seed: for the layers with weights or random numbers.
        shape: what the layers before give: a number of outputs, or a picture.
        as_rows: it is a picture, but its pixels still come as one row.
        index: the number of the present layer, from 0.
    """

    init: str
    rng: np.random.Generator
    dtype: DTypeLike
    seed: int
    shape: Shape
    as_rows: bool = True
    index: int = 0

    def layer(self, part: str) -> Layer:
        """Makes the layer that a part describes, and moves on behind it.

        Raises:
            NnstepError: the part cannot be understood, or does not fit behind what comes before.
        """
        words = part.lower().split()
        if words[0].isdecimal():
            layer = self._affine(words)
        elif words[0] in SYNTAX:
            layer = MAKERS[words[0]](self, words[1:])
        elif words[0] in ACTIVATIONS and len(words) == 1:
            layer = ActivationLayer(words[0])
        else:
            raise NnstepError(
                f"unknown activation or layer '{words[0]}'" if len(words) == 1 else f"'{part}' cannot be understood",
                f"Choose one of: {', '.join((*ACTIVATIONS, *SYNTAX))}",
            )
        self.index += 1
        return layer

    def rows(self, what: str) -> int:
        """The number of outputs before; an error where these are pictures."""
        if not isinstance(self.shape, int):
            raise NnstepError(
                f"{what} takes rows, received pictures of {size_text(self.shape)}", "Put flatten before it"
            )
        return self.shape

    def picture(self, what: str) -> Picture:
        """The picture before; an error where there are rows."""
        if isinstance(self.shape, int):
            raise NnstepError(
                f"{what} takes pictures, received rows of {self.shape}", "Begin with a size such as 28x28"
            )
        return self.shape

    def _affine(self, words: list[str]) -> Layer:
        if len(words) > 1 or not 1 <= int(words[0]) <= LARGEST:
            raise NnstepError(f"expected sizes from 1 to 1,000,000, received {' '.join(words)}")
        inputs, outputs = self.rows("an affine layer"), int(words[0])
        self.shape = outputs
        _check_room(inputs, outputs)
        return AffineLayer(inputs, outputs, self.init, self.rng, self.dtype)


def _conv(building: Building, words: list[str]) -> Layer:
    picture, found = building.picture("conv"), _options(words, ("stride", "pad"))
    filters, *kernel = found.pop("", [])
    if not filters.isdecimal() or not 1 <= int(filters) <= LARGEST or len(kernel) > 1:
        raise ValueError
    size = _size(*kernel) if kernel else (3, 3)
    stride = _number(found, "stride", 1)
    if found.get("pad") == ["same"]:
        if stride != 1 or size[0] % 2 == 0 or size[0] != size[1]:
            raise NnstepError("'pad same' needs a square filter of odd size and stride 1", "Give the padding in pixels")
        found["pad"] = [str(size[0] // 2)]
    padding = _number(found, "pad", 0, least=0)
    _check_room(*size, picture[2], int(filters))
    layer = ConvLayer(picture, int(filters), size, stride, padding, building.init, building.rng, building.dtype)
    _check_room(*layer.output_picture)
    building.shape, building.as_rows = layer.output_picture, False
    return layer


def _pool(kind: type[PoolingLayer]) -> Callable[[Building, list[str]], Layer]:
    def make(building: Building, words: list[str]) -> Layer:
        picture, found = building.picture(kind.kind), _options(words, ("stride",))
        (size,) = found.pop("", ["2"])
        window = _size(size)
        layer = kind(picture, window, _number(found, "stride", window[0]))
        building.shape, building.as_rows = layer.output_picture, False
        return layer

    return make


def _flatten(building: Building, words: list[str]) -> Layer:
    _nothing(words)
    if not isinstance(building.shape, int):
        building.shape = math.prod(building.shape)
    return FlattenLayer()


def _dropout(building: Building, words: list[str]) -> Layer:
    (rate,) = words
    return DropoutLayer(float(rate), (building.seed, building.index))


def _batchnorm(building: Building, words: list[str]) -> Layer:
    _nothing(words)
    if isinstance(building.shape, int):
        return BatchNormLayer(building.shape, building.dtype)
    if building.as_rows:
        raise NnstepError("batchnorm of pictures needs conv or a pooling layer before it", "Put it behind one")
    return BatchNormLayer(building.shape[-1], building.dtype)


def _softmax(building: Building, words: list[str]) -> Layer:
    _nothing(words)
    building.rows("softmax")
    return SoftmaxLayer()


MAKERS: dict[str, Callable[[Building, list[str]], Layer]] = {
    "conv": _conv,
    "maxpool": _pool(MaxPoolLayer),
    "avgpool": _pool(AveragePoolLayer),
    "flatten": _flatten,
    "dropout": _dropout,
    "batchnorm": _batchnorm,
    "softmax": _softmax,
}


def parse_input(part: str) -> Shape:
    """Reads the first part: a number of inputs, or a picture such as `28x28` or `32x32x3`; raises ValueError."""
    if not re.fullmatch(r"\d+(x\d+){0,2}", part):
        raise ValueError
    sizes = [int(size) for size in part.split("x")]
    if not all(1 <= size <= LARGEST for size in sizes):
        raise ValueError
    if len(sizes) == 1:
        return sizes[0]
    return sizes[0], sizes[1], sizes[2] if len(sizes) == 3 else 1


def part_of(layer: object) -> str | None:
    """The part that describes a layer, or None for one that has no such name."""
    if type(layer) is AffineLayer:
        return str(len(layer.bias))
    if type(layer) is ActivationLayer:
        return layer.activation.name if ACTIVATIONS.get(layer.activation.name) is layer.activation else None
    if type(layer) is ConvLayer:
        stride = f" stride {layer.stride}" if layer.stride != 1 else ""
        padding = f" pad {layer.padding}" if layer.padding else ""
        return f"conv {len(layer.bias)} {layer.kernel[0]}x{layer.kernel[1]}{stride}{padding}"
    if isinstance(layer, MaxPoolLayer | AveragePoolLayer):
        height, width = layer.window
        stride = f" stride {layer.stride}" if layer.stride != height else ""
        return f"{layer.kind} {height if height == width else f'{height}x{width}'}{stride}"
    if isinstance(layer, DropoutLayer):
        return f"dropout {layer.rate!r}"
    simple = {FlattenLayer: "flatten", BatchNormLayer: "batchnorm", SoftmaxLayer: "softmax"}
    return simple.get(type(layer))


def sizes_of(layer: object) -> tuple[Shape, Shape] | None:
    """What goes into a layer and comes out, or None for one that takes any size."""
    if isinstance(layer, AffineLayer):
        return layer.weights.shape[0], layer.weights.shape[1]
    if isinstance(layer, ConvLayer | PoolingLayer):
        return layer.picture, layer.output_picture
    return None


def _options(words: list[str], names: tuple[str, ...]) -> dict[str, list[str]]:
    """What stands before the first name, by "", and the one word after each name."""
    found: dict[str, list[str]] = {}
    at = next((i for i, word in enumerate(words) if word in names), len(words))
    if at:
        found[""] = words[:at]
    for name, value in zip(words[at::2], words[at + 1 :: 2], strict=True):
        if name not in names or name in found:
            raise ValueError
        found[name] = [value]
    return found


def _number(found: dict[str, list[str]], name: str, usual: int, least: int = 1) -> int:
    number = int(found.get(name, [str(usual)])[0])
    if not least <= number <= LARGEST:
        raise ValueError
    return number


def _check_room(*sizes: int) -> None:
    """Raises a MemoryError for an array so large that numpy could not even count its bytes."""
    if math.prod(sizes) > LARGEST**2:
        raise MemoryError


def _size(text: str) -> tuple[int, int]:
    height, cross, width = text.partition("x")
    size = int(height), int(width if cross else height)
    if min(size) < 1:
        raise ValueError
    return size


def _nothing(words: list[str]) -> None:
    if words:
        raise ValueError
