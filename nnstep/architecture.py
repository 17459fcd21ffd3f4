"""Builds a network from its one-line description, such as 784,128,tanh,64,tanh,10,tanh."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike

from nnstep.errors import NnstepError
from nnstep.layers import ACTIVATIONS, INITS, ActivationLayer, AffineLayer, as_activation
from nnstep.losses import as_loss
from nnstep.network import Network

DEFAULT_LAYERS = "784,128,tanh,64,tanh,10,tanh"


def build_network(
    layers: str = DEFAULT_LAYERS,
    loss: str = "mse",
    init: str = "lecun",
    seed: int = 0,
    dtype: DTypeLike = np.float64,
) -> Network:
    """Builds a network with fresh weights, all drawn from one generator made from the seed.

    Args:
        layers: the number of inputs, then for each affine layer its outputs, and names of activations between.
        loss: the loss by name.
        init: how the weights start: lecun, xavier, he or uniform01.
        seed: same seed, same weights.
        dtype: float64 or float32.

    Raises:
        NnstepError: the description, the loss or the init cannot be understood.
    """
    if init not in INITS:
        raise NnstepError(f"unknown init '{init}'", f"Choose one of: {', '.join(INITS)}")
    inputs, *rest = parse_layers(layers)
    rng = np.random.default_rng(seed)
    sizes = [part for part in (inputs, *rest) if isinstance(part, int)]
    for shape in pairwise(sizes):
        np.empty(shape, dtype)  # where one does not fit, that is known before the others are drawn
    network = Network(loss=as_loss(loss))
    width = inputs
    for part in rest:
        if isinstance(part, int):
            network.add(AffineLayer(int(width), part, init, rng, dtype))
            width = part
        else:
            network.add(ActivationLayer(part))
    return network


def parse_layers(text: str) -> list[int | str]:
    """Splits a description into sizes and names of activations, and checks them.

    Raises:
        NnstepError: naming the part that is neither, and what it could be.
    """
    parts: list[int | str] = [_parse_part(part.strip(), text) for part in text.split(",")]
    if not isinstance(parts[0], int):
        raise NnstepError(f"layers '{text}' expected to begin with the number of inputs, received '{parts[0]}'")
    if sum(isinstance(part, int) for part in parts) < 2:
        raise NnstepError(f"layers '{text}' hold no affine layer", "Give at least two sizes, such as 784,10,tanh")
    return parts


def describe_layers(network: Network) -> str | None:
    """The one-line description of a network, or None where it holds layers that have no such name."""
    parts: list[str] = []
    for layer in network.layers:
        if isinstance(layer, AffineLayer):
            parts += [str(size) for size in layer.weights.shape[bool(parts) :]]
        elif isinstance(layer, ActivationLayer) and layer.activation.name in ACTIVATIONS and parts:
            parts.append(layer.activation.name)
        else:
            return None
    return ",".join(parts)


def _parse_part(part: str, text: str) -> int | str:
    if part.lstrip("+-").isdecimal():
        if not 1 <= int(part) <= 1_000_000:
            raise NnstepError(f"layers '{text}' expected sizes from 1 to 1,000,000, received {part}")
        return int(part)
    if not part or part[0].isdigit():
        raise NnstepError(f"layers '{text}' expected a size or an activation, received '{part}'")
    return as_activation(part.lower()).name
