"""Trained networks as PyTorch state dicts."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike
from torch import nn

from nnstep.convolution import ConvLayer
from nnstep.errors import NnstepError
from nnstep.frameworks.pixel_order import kept_in, with_channels_first
from nnstep.frameworks.torch_network import as_theirs, module_of, parameters_in, state_in
from nnstep.layers import AffineLayer, Array, Layer
from nnstep.pooling import FlattenLayer, PoolingLayer

META = "nnstep"
STATISTICS = {"running_mean": "state.running_mean", "running_var": "state.running_variance"}


def torch_bytes(layers: Sequence[Layer], meta: Mapping[str, Any], dtype: DTypeLike) -> bytes:
    """A state dict of `torch.nn.Sequential` with a module for each layer, as `torch.save` writes it.

    Raises:
        NnstepError: PyTorch has no counterpart of a layer.
    """
    network = sequential_of(layers, dtype)
    state = network.state_dict()
    state._metadata[META] = {name: str(value) for name, value in meta.items()}
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def sequential_of(layers: Sequence[Layer], dtype: DTypeLike) -> nn.Sequential:
    """The network with PyTorch's own modules alone; pictures go in as (batch, channels, height, width)."""
    real = torch.float64 if np.dtype(dtype) == np.float64 else torch.float32
    modules = [module_of(layer).to(real) for layer in layers]
    known = with_channels_first(layers, kept_in(layers))
    with torch.no_grad():
        for module, arrays in zip(modules, known, strict=True):
            for name, tensor in (parameters_in(module) | state_in(module)).items():
                tensor.copy_(torch.tensor(as_theirs(arrays[name])))
    return nn.Sequential(*modules)


def read_torch(path: str) -> tuple[dict[str, Array], dict[str, Any] | None]:
    """Reads a state dict: arrays as `0.weights` in nnstep's orders (but for flattened pictures), and the meta entry.

    Nothing but tensors is unpickled.

    Raises:
        NnstepError: it is damaged, or something else than a state dict of layers that nnstep has.
    """
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError, KeyError, AttributeError):
        raise NnstepError(
            f"{path}: not a PyTorch state dict, or a damaged one", "Write it with torch.save(network.state_dict(), …)"
        ) from None
    for key in ("state_dict", "model_state_dict"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict) or not all(isinstance(value, torch.Tensor) for value in loaded.values()):
        raise NnstepError(f"{path}: expected a state dict, received {type(loaded).__name__}")
    layers: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in loaded.items():
        prefix, _, name = str(key).rpartition(".")
        if name != "num_batches_tracked":
            layers.setdefault(prefix, {})[name] = tensor
    arrays: dict[str, Array] = {}
    for number, (prefix, named) in enumerate(layers.items()):
        arrays |= {f"{number}.{name}": array for name, array in _arrays(path, prefix, named).items()}
    meta = getattr(loaded, "_metadata", {}).get(META)
    return arrays, dict(meta) if isinstance(meta, dict) else None


def _arrays(path: str, prefix: str, named: Mapping[str, torch.Tensor]) -> dict[str, Array]:
    """The arrays of one module by nnstep's names."""
    weight = named.get("weight")
    if weight is None or weight.ndim not in (1, 2, 4) or not named.keys() <= {"weight", "bias", *STATISTICS}:
        raise NnstepError(
            f"{path}: '{prefix}' holds {', '.join(named)}: no affine layer, convolution or batch normalisation"
        )
    arrays = {name: tensor.to(torch.float64).numpy() for name, tensor in named.items()}
    found: dict[str, Array] = {}
    if weight.ndim == 1:
        found = {"gamma": arrays["weight"], "beta": arrays.get("bias", np.zeros(len(weight)))}
    else:
        turned = arrays["weight"].T if weight.ndim == 2 else arrays["weight"].transpose(2, 3, 1, 0)
        found = {"weights": turned, "bias": arrays.get("bias", np.zeros(len(weight)))}
    return found | {ours: arrays[theirs] for theirs, ours in STATISTICS.items() if theirs in arrays}


def describe(layers: Sequence[Layer]) -> str:
    """The code that makes the network that a state dict is for."""
    parts, pictures = [], False
    for layer in layers:
        if isinstance(layer, AffineLayer | FlattenLayer):
            pictures = False
        elif isinstance(layer, ConvLayer | PoolingLayer):
            pictures = True
        batchnorm = "BatchNorm2d" if pictures else "BatchNorm1d"
        parts.append(f"nn.{module_of(layer)!r}".replace("AnyBatchNorm", batchnorm))
    return f"nn.Sequential({', '.join(parts)})"
