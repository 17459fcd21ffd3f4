"""The optimizers' updates in one compiled loop each, on the same arrays as `optimizers.py`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnstep import optimizers
from nnstep.engines import layer_kernels as kernels
from nnstep.layers import Array
from nnstep.optimizers import Optimizer


def plain_update(parameters: Mapping[str, Array], gradients: Mapping[str, Array], learning_rate: float) -> None:
    """W ← W − η dE/dW for all parameters of a layer."""
    for name, parameter in parameters.items():
        rate = parameter.dtype.type(learning_rate)
        kernels.scaled_subtract(parameter.reshape(-1), gradients[name].reshape(-1), rate)


def update(
    optimizer: Optimizer, parameters: Mapping[str, Array], gradients: Mapping[str, Array], learning_rate: float
) -> None:
    """What `Optimizer.update` does."""
    gradients = optimizer.prepared(parameters, gradients)
    if optimizer.state:
        optimizer.state["updates"] += 1
    for name, parameter in parameters.items():
        kept = [optimizer.state[f"{name}.{slot}"].reshape(-1) for slot in optimizer.slots]
        _descend(optimizer, parameter.reshape(-1), gradients[name].reshape(-1), learning_rate, kept)


def _descend(optimizer: Optimizer, parameter: Array, gradient: Array, learning_rate: float, kept: list[Array]) -> None:
    number, name = parameter.dtype.type, optimizer.rule.name
    rate = number(learning_rate)
    if name == "sgd":
        kernels.scaled_subtract(parameter, gradient, rate)
    elif name in ("momentum", "nesterov"):
        ahead = number(optimizers.MOMENTUM if name == "nesterov" else 0)
        kernels.momentum_descent(parameter, gradient, rate, number(optimizers.MOMENTUM), ahead, *kept)
    elif name == "rmsprop":
        constants = number(optimizers.SQUARES), number(optimizers.EPSILON)
        kernels.rmsprop_descent(parameter, gradient, rate, *constants, *kept)
    else:
        t = float(optimizer.state["updates"])
        first, second = optimizers.FIRST, optimizers.SECOND
        shrunk = 1 - learning_rate * optimizer.rule.weight_decay if name == "adamw" else 1.0
        numbers = (shrunk, first, second, 1 / (1 - second**t), optimizers.EPSILON)
        step = number(learning_rate / (1 - first**t))
        kernels.adam_descent(parameter, gradient, step, *np.array(numbers, parameter.dtype), *kept)
