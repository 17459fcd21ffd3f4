"""Builds a network from its one-line description, such as 784,128,tanh,64,tanh,10,tanh."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike

from nnstep.errors import NnstepError
from nnstep.layer_parts import LARGEST, SYNTAX, Building, Shape, parse_input, part_of, sizes_of
from nnstep.layers import INITS, Layer
from nnstep.losses import as_loss
from nnstep.network import Network

DEFAULT_LAYERS = "784,128,tanh,64,tanh,10,tanh"


class LayersError(NnstepError):
    """A description of layers that cannot be understood, or of a network that cannot be.

    Args:
        where: the description, and the part of it.
        what: what is wrong there.
        hint: what to do.
        part: its number, from 1, the input; 0 where it is the whole.
    """

    def __init__(self, where: str, what: str, hint: str = "", part: int = 0) -> None:
        super().__init__(f"{where} {what}", hint)
        self.what, self.part = what, part


def build_network(
    layers: str = DEFAULT_LAYERS,
    loss: str = "mse",
    init: str = "lecun",
    seed: int = 0,
    dtype: DTypeLike = np.float64,
) -> Network:
    """Builds a network with fresh weights, all drawn from one generator made from the seed.

    Args:
        layers: the number of inputs or the size of a picture, then a part for each layer, separated by commas: a number
            is an affine layer with so many outputs, a name an activation; `layer_parts.SYNTAX` lists the others.
        loss: the loss by name.
        init: how the weights start: lecun, xavier, he or uniform01.
        seed: same seed, same weights and masks.
        dtype: float64 or float32.

    Raises:
        NnstepError: the description, the loss or the init cannot be understood, or the loss cannot take the outputs.
    """
    if init not in INITS:
        raise NnstepError(f"unknown init '{init}'", f"Choose one of: {', '.join(INITS)}")
    first, *rest = (part.strip() for part in layers.split(","))
    sizes = [int(part) for part in (first, *rest) if part.isdecimal() and int(part) <= LARGEST]
    for shape in pairwise(sizes):
        np.empty(shape, dtype)  # where one does not fit, that is known before the others are drawn
    network = Network(loss=as_loss(loss))
    building = Building(init, np.random.default_rng(seed), dtype, seed, _input(first, layers))
    for number, part in enumerate(rest, 2):
        network.add(_layer(building, part, number, layers))
    if not isinstance(building.shape, int):
        raise LayersError(
            f"layers '{layers}'", "end in pictures, expected rows", "Put flatten behind the last conv or pool"
        )
    if not any(sizes_of(layer) for layer in network.layers):
        raise LayersError(f"layers '{layers}'", "hold no affine layer", "Give at least two sizes, such as 784,10,tanh")
    last = repr(network.layers[-1])
    if loss == "cross_entropy" and last not in ("softmax", "sigmoid"):
        raise LayersError(
            f"layers '{layers}'",
            f"end with {last}, but cross_entropy takes shares from 0 to 1",
            "End them with softmax, or behind plain outputs take softmax_cross_entropy",
        )
    return network


def describe_layers(network: Network) -> str | None:
    """The one-line description of a network, or None where it holds layers that have no such name."""
    parts = [part_of(layer) for layer in network.layers]
    size = input_shape(network)
    if size is None or None in parts:
        return None
    if isinstance(size, int):
        return ",".join([str(size), *filter(None, parts)])
    shown = size[:2] if size[2] == 1 else size
    return ",".join(["x".join(map(str, shown)), *filter(None, parts)])


def input_shape(network: Network) -> Shape | None:
    """What goes into the network: a number of inputs or a picture; None where no layer says."""
    sizes = [found for layer in network.layers if (found := sizes_of(layer))]
    return sizes[0][0] if sizes else None


def output_shape(network: Network) -> Shape | None:
    """What comes out: a number of outputs or a picture; None where no layer says."""
    sizes = [found for layer in network.layers if (found := sizes_of(layer))]
    return sizes[-1][1] if sizes else None


def _input(part: str, text: str) -> Shape:
    try:
        return parse_input(part)
    except ValueError:
        pass
    where = f"layers '{text}'"
    if part.lstrip("+-").isdecimal():
        raise LayersError(where, f"expected sizes from 1 to 1,000,000, received {part}", part=1)
    what = f"expected to begin with the number of inputs, received '{part}'"
    raise LayersError(where, what, "Such as 784 or 28x28", part=1)


def _layer(building: Building, part: str, number: int, text: str) -> Layer:
    """Makes a layer of a part; what is wrong with it is said with its number and the whole text."""
    name = part.lower().partition(" ")[0]
    where = f"layers '{text}', part {number} '{part}'"
    if part.lstrip("+-").isdecimal() and not part.isdecimal():
        raise LayersError(f"layers '{text}'", f"expected sizes from 1 to 1,000,000, received {part}", part=number)
    if not part or (part[0].isdigit() and not part.isdecimal()):
        raise LayersError(f"layers '{text}'", f"expected a size or an activation, received '{part}'", part=number)
    try:
        return building.layer(part)
    except ValueError:
        raise LayersError(where, f"expected as: {SYNTAX.get(name, name)}", part=number) from None
    except NnstepError as error:
        if part.isdecimal() and "sizes" in error.message:
            raise LayersError(f"layers '{text}'", error.message, part=number) from None
        raise LayersError(f"{where}:", error.message, error.hint, number) from None
