"""Stacks that the fast engines take: affine layers, each with at most one activation, and mean squared error."""

from __future__ import annotations

import numpy as np

from nnstep.layers import ACTIVATIONS, ActivationLayer, AffineLayer, Array
from nnstep.losses import LOSSES
from nnstep.samples import Samples
from nnstep.stack import Stack


def why_not(stack: Stack) -> str | None:
    """What keeps a stack from being one of these, or None where it is one."""
    if stack.loss is not LOSSES["mse"]:
        return f"its loss is {stack.loss.name}; these take mean squared error"
    before: object = None
    for layer, name in zip(stack.layers, stack.names, strict=True):
        if type(layer) is AffineLayer:
            if layer.weights.dtype != stack.dtype:
                return f"{name} is {layer.weights.dtype}, others are {stack.dtype}"
        elif type(layer) is ActivationLayer:
            if ACTIVATIONS.get(layer.activation.name) is not layer.activation:
                return f"{name} is an activation of your own"
            if not isinstance(before, AffineLayer):
                return f"{name} does not come after an affine layer"
        else:
            return f"{name} is a layer of your own"
        before = layer
    return None


def affine_layers(stack: Stack) -> list[tuple[AffineLayer, str]]:
    """Each affine layer with the name of the activation after it, identity where there is none."""
    pairs: list[tuple[AffineLayer, str]] = []
    for layer in stack.layers:
        if isinstance(layer, AffineLayer):
            pairs.append((layer, "identity"))
        elif isinstance(layer, ActivationLayer):
            pairs[-1] = (pairs[-1][0], layer.activation.name)
    return pairs


def pixel_values(samples: Samples, dtype: np.dtype[np.floating]) -> Array:
    """What each of the 256 pixels is as an input; empty where the inputs are no pixels."""
    if samples.pixels.dtype != np.uint8:
        return np.zeros(0, dtype)
    values: Array = np.arange(256).astype(dtype) / dtype.type(255)
    return values
