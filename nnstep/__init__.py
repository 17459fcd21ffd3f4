"""nnstep: a step-through debugger for neural networks. This package needs no screen."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnstep.architecture import build_network as build_network
    from nnstep.batchnorm import BatchNormLayer as BatchNormLayer
    from nnstep.convolution import ConvLayer as ConvLayer
    from nnstep.dropout import DropoutLayer as DropoutLayer
    from nnstep.errors import NnstepError as NnstepError
    from nnstep.layers import ActivationLayer as ActivationLayer
    from nnstep.layers import AffineLayer as AffineLayer
    from nnstep.layers import Layer as Layer
    from nnstep.layers import SoftmaxLayer as SoftmaxLayer
    from nnstep.losses import Loss as Loss
    from nnstep.losses import mse as mse
    from nnstep.losses import mse_prime as mse_prime
    from nnstep.network import Network as Network
    from nnstep.network import one_hot as one_hot
    from nnstep.pooling import AveragePoolLayer as AveragePoolLayer
    from nnstep.pooling import FlattenLayer as FlattenLayer
    from nnstep.pooling import MaxPoolLayer as MaxPoolLayer
    from nnstep.settings import Settings as Settings
    from nnstep.stack import Stack as Stack
    from nnstep.timeline import Timeline as Timeline

__version__ = "0.1.0"

_HOME = {
    "ActivationLayer": "layers",
    "AffineLayer": "layers",
    "AveragePoolLayer": "pooling",
    "BatchNormLayer": "batchnorm",
    "ConvLayer": "convolution",
    "DropoutLayer": "dropout",
    "FlattenLayer": "pooling",
    "Layer": "layers",
    "Loss": "losses",
    "MaxPoolLayer": "pooling",
    "Network": "network",
    "NnstepError": "errors",
    "Settings": "settings",
    "SoftmaxLayer": "layers",
    "Stack": "stack",
    "Timeline": "timeline",
    "build_network": "architecture",
    "mse": "losses",
    "mse_prime": "losses",
    "one_hot": "network",
}

__all__ = ["ActivationLayer", "AffineLayer", "AveragePoolLayer", "BatchNormLayer", "ConvLayer", "DropoutLayer"]
__all__ += ["FlattenLayer", "Layer", "Loss", "MaxPoolLayer", "Network", "NnstepError", "SoftmaxLayer"]
__all__ += ["Settings", "Stack", "Timeline", "build_network", "mse", "mse_prime", "one_hot"]


def __getattr__(name: str) -> Any:
    # Loaded when first asked for: `nnstep --help` shall not wait for numpy.
    if name in _HOME:
        return getattr(importlib.import_module(f"nnstep.{_HOME[name]}"), name)
    raise AttributeError(f"module 'nnstep' has no attribute '{name}'")
