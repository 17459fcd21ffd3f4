"""What the first layer with weights looks for, as pictures: weights of units, or filters of a convolution."""

from __future__ import annotations

from dataclasses import dataclass

from nnstep.convolution import ConvLayer
from nnstep.layers import Array
from nnstep.stack import Stack


@dataclass(frozen=True, eq=False, slots=True)
class FirstLayer:
    """Its weights as pictures.

    Attributes:
        pictures: (pictures, height · width).
        shape: height and width of each.
        kind: what each is of: `unit` or `filter`.
    """

    pictures: Array
    shape: tuple[int, int]
    kind: str

    @property
    def about(self) -> str:
        """What they show, in a sentence."""
        if self.kind == "filter":
            return "The filters of the first layer, one picture for each and each channel that it reads."
        return "What each output of the first layer looks for: its weights, one for each pixel."


def first_layer(stack: Stack, shape: tuple[int, int]) -> FirstLayer | None:
    """The pictures of a stack, or None where the weights that come first do not stand for pixels.

    Args:
        stack: the network.
        shape: height and width of a sample.
    """
    for index, layer in enumerate(stack.layers):
        parameters = stack.parameters_of(index)
        if isinstance(layer, ConvLayer):
            height, width, channels, filters = layer.weights.shape
            pictures = layer.weights.transpose(3, 2, 0, 1).reshape(filters * channels, height * width)
            return FirstLayer(pictures.copy(), (height, width), "filter")
        if parameters:
            return _of_units(list(parameters.values()), shape)
    return None


def _of_units(arrays: list[Array], shape: tuple[int, int]) -> FirstLayer | None:
    pixels = shape[0] * shape[1]
    for array in arrays:
        if array.ndim == 2 and pixels in array.shape:
            pictures = array.T if array.shape[0] == pixels else array
            return FirstLayer(pictures.copy(), shape, "unit")
    return None
