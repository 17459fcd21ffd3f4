"""A network in PyTorch: nn modules, autograd and torch.optim, its numbers in nnstep's orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from nnstep.batchnorm import EPSILON, MOMENTUM, BatchNormLayer
from nnstep.convolution import ConvLayer
from nnstep.dropout import DropoutLayer
from nnstep.errors import NnstepError
from nnstep.frameworks.base import Blueprint, Observed
from nnstep.layers import ActivationLayer, AffineLayer, Array, Layer, SoftmaxLayer
from nnstep.optimizers import Rule
from nnstep.pooling import AveragePoolLayer, FlattenLayer, MaxPoolLayer
from nnstep.stack import Arrays

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "identity": nn.Identity,
    "leaky_relu": lambda: nn.LeakyReLU(0.01),
    "elu": nn.ELU,
    "gelu": nn.GELU,
}


class TorchNetwork:
    """A network in PyTorch.

    Pictures are (batch, channels, height, width) there, weights of an affine layer (outputs, inputs), those of a
    convolution (filters, channels, height, width); here they come and go in nnstep's orders.
    """

    def __init__(self, blueprint: Blueprint) -> None:
        torch.set_num_threads(1)  # small networks gain nothing by more, and nnstep takes one
        self.name = f"PyTorch {torch.__version__.partition('+')[0]}"
        self.blueprint, self.rule, self.single = blueprint, blueprint.rule, False
        self.real = torch.float64 if np.dtype(blueprint.dtype) == np.float64 else torch.float32
        self.modules = [module_of(layer, flatten=HeightFirst).to(self.real) for layer in blueprint.layers]
        for layer, module in zip(blueprint.layers, self.modules, strict=True):
            fill(module, layer)
        for index, name in blueprint.frozen:
            parameters_in(self.modules[index])[name].requires_grad_(False)
        learning = [p for module in self.modules for p in module.parameters() if p.requires_grad]
        self.optimizer = optimizer_of(self.rule, learning) if learning else None

    def step(self, X: Array, y: Array, learning_rate: float, masks: Sequence[Array | None]) -> Observed:
        """Goes forward, back and updates once; see `FrameworkNetwork.step`."""
        before, state = self._parameters(), self._state()
        given = self._tensor(X).requires_grad_(True)
        value, values = self._pictures(given), []
        for module, mask in zip(self.modules, masks, strict=True):
            value = module.train()(value) if mask is None else masked(value, mask, module.p)
            value.retain_grad()
            values.append(value)
        loss = self._loss(value, self._tensor(y))
        self._forget()
        loss.backward()
        gradients = [
            {name: as_ours(p.grad if p.grad is not None else torch.zeros_like(p)) for name, p in named.items()}
            for named in map(parameters_in, self.modules)
        ]
        self._update(learning_rate)
        assert given.grad is not None
        return Observed(
            [as_ours(v, picture=True) for v in values],
            float(loss.detach()),
            [as_ours(v.grad, picture=True) for v in values],
            given.grad.numpy(),
            gradients,
            before,
            self._parameters(),
            state,
            self._state(),
        )

    def epoch(
        self, X: Array, y: Array, learning_rate: float, batch_size: int, report: Callable[[int], object]
    ) -> float:
        """The usual loop: zero_grad, forward, backward, step; see `FrameworkNetwork.epoch`."""
        network = nn.Sequential(*self.modules).train()
        inputs, targets = self._pictures(self._tensor(X)), self._tensor(y)
        total = 0.0
        for start in range(0, len(X), batch_size):
            rows = slice(start, start + batch_size)
            loss = self._loss(network(inputs[rows]), targets[rows])
            self._forget()
            loss.backward()
            self._update(learning_rate)
            total += float(loss.detach()) * len(targets[rows])
            report(min(start + batch_size, len(X)))
        return total / len(X)

    def prepare(self, X: Array, y: Array, batch_size: int) -> None:
        """Runs one batch forward and back, without an update."""
        before = [{k: v.clone() for k, v in module.state_dict().items()} for module in self.modules]
        value = nn.Sequential(*self.modules).train()(self._pictures(self._tensor(X[:batch_size])))
        self._loss(value, self._tensor(y[:batch_size])).backward()
        self._forget()
        for module, saved in zip(self.modules, before, strict=True):
            module.load_state_dict(saved)

    def predict(self, X: Array) -> Array:
        """ŷ (samples, outputs), in evaluation."""
        network = nn.Sequential(*self.modules).eval()
        with torch.no_grad():
            parts = [network(self._pictures(self._tensor(X[i : i + 1000]))) for i in range(0, len(X), 1000)]
        output: Array = torch.cat(parts).numpy()
        return output

    def put(self, layers: Sequence[Layer]) -> None:
        """Copies the parameters and the state of nnstep's layers."""
        for layer, module in zip(layers, self.modules, strict=True):
            fill(module, layer)

    def _tensor(self, array: Array) -> torch.Tensor:
        return torch.tensor(np.asarray(array), dtype=self.real)

    def _pictures(self, X: torch.Tensor) -> torch.Tensor:
        """The samples as the first layer takes them."""
        shape = self.blueprint.shape
        if len(shape) == 1:
            return X
        return X.reshape(len(X), *shape).permute(0, 3, 1, 2).contiguous()

    def _loss(self, value: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return loss_of(self.blueprint.loss, value, target) * self.blueprint.loss_factor

    def _forget(self) -> None:
        for module in self.modules:
            module.zero_grad(set_to_none=True)

    def _update(self, learning_rate: float) -> None:
        if self.optimizer is None:
            return
        if self.rule.clip_norm is not None:
            for learning in (list(module.parameters()) for module in self.modules):
                if learning:
                    nn.utils.clip_grad_norm_(learning, self.rule.clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.step()

    def _parameters(self) -> list[Arrays]:
        return [{name: as_ours(p) for name, p in parameters_in(module).items()} for module in self.modules]

    def _state(self) -> list[Arrays]:
        return [{name: as_ours(b) for name, b in state_in(module).items()} for module in self.modules]


class HeightFirst(nn.Module):  # type: ignore[misc]
    """Flattens pictures in nnstep's order: height, width, channels."""

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """(batch, height · width · channels) from (batch, channels, height, width)."""
        return (X.permute(0, 2, 3, 1) if X.ndim == 4 else X).reshape(len(X), -1)


def module_of(layer: Layer, flatten: Callable[[], nn.Module] = nn.Flatten) -> nn.Module:
    """The module of PyTorch that does what a layer does, with fresh parameters.

    Raises:
        NnstepError: there is none.
    """
    if isinstance(layer, AffineLayer):
        return nn.Linear(*layer.weights.shape)
    if isinstance(layer, ConvLayer):
        channels, filters = layer.weights.shape[2:]
        return nn.Conv2d(channels, filters, layer.kernel, layer.stride, layer.padding)
    if isinstance(layer, MaxPoolLayer):
        return nn.MaxPool2d(layer.window, layer.stride)
    if isinstance(layer, AveragePoolLayer):
        return nn.AvgPool2d(layer.window, layer.stride)
    if isinstance(layer, BatchNormLayer):
        return AnyBatchNorm(len(layer.gamma), eps=EPSILON, momentum=MOMENTUM)
    if isinstance(layer, DropoutLayer):
        return nn.Dropout(layer.rate)
    if isinstance(layer, FlattenLayer):
        return flatten()
    if isinstance(layer, SoftmaxLayer):
        return nn.Softmax(dim=1)
    if isinstance(layer, ActivationLayer) and layer.activation.name in ACTIVATIONS:
        return ACTIVATIONS[layer.activation.name]()
    raise NnstepError(f"PyTorch has no counterpart of the layer {layer}")


class AnyBatchNorm(nn.modules.batchnorm._BatchNorm):  # type: ignore[misc]
    """Batch normalisation of rows and of pictures: BatchNorm1d and BatchNorm2d differ only in what they refuse."""

    def _check_input_dim(self, input: torch.Tensor) -> None:
        if self.training and input.numel() == input.shape[1]:
            raise NnstepError(
                "PyTorch's batch normalisation takes no batch of one row", "Take another --batch-size or --limit"
            )


def fill(module: nn.Module, layer: Layer) -> None:
    """Copies a layer's parameters and state into a module."""
    with torch.no_grad():
        for name, parameter in (parameters_in(module) | state_in(module)).items():
            array = (layer.parameters | layer.state)[name]
            parameter.copy_(torch.tensor(as_theirs(array)))


def parameters_in(module: nn.Module) -> dict[str, torch.Tensor]:
    """A module's parameters by nnstep's names."""
    names = ("gamma", "beta") if isinstance(module, AnyBatchNorm) else ("weights", "bias")
    found: Iterator[torch.Tensor] = iter((module.weight, module.bias) if hasattr(module, "weight") else ())
    return dict(zip(names, found, strict=False))


def state_in(module: nn.Module) -> dict[str, torch.Tensor]:
    """What a module keeps beside its parameters, by nnstep's names."""
    if isinstance(module, AnyBatchNorm):
        assert module.running_mean is not None and module.running_var is not None
        return {"running_mean": module.running_mean, "running_variance": module.running_var}
    return {}


def as_ours(tensor: Any, picture: bool = False) -> Array:
    """A copy of a tensor in nnstep's order: weights (inputs, outputs), filters and pictures with channels last."""
    array: Array = tensor.detach().numpy().copy()
    if picture:
        return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def as_theirs(array: Array) -> Array:
    """Parameters in PyTorch's order."""
    return np.ascontiguousarray(array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T)


def masked(value: torch.Tensor, mask: Array, rate: float) -> torch.Tensor:
    """What dropout does with a given mask."""
    kept = torch.tensor(np.ascontiguousarray(mask.transpose(0, 3, 1, 2) if mask.ndim == 4 else mask))
    return value * kept.to(value.dtype) / (1 - rate)


def loss_of(name: str, value: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The loss by its name in nnstep."""
    if name == "mse":
        return nn.functional.mse_loss(value, target)
    if name == "softmax_cross_entropy":
        return nn.functional.cross_entropy(value, target)
    smallest = torch.finfo(value.dtype).tiny
    return nn.functional.nll_loss(torch.log(value.clamp_min(smallest)), target.argmax(dim=1))


def optimizer_of(rule: Rule, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
    """The optimizer of torch.optim with nnstep's numbers."""
    decay = rule.weight_decay
    if rule.name == "adam":
        return torch.optim.Adam(parameters, weight_decay=decay)
    if rule.name == "adamw":
        return torch.optim.AdamW(parameters, weight_decay=decay)
    if rule.name == "rmsprop":
        return torch.optim.RMSprop(parameters, weight_decay=decay)
    momentum = 0.0 if rule.name == "sgd" else 0.9
    return torch.optim.SGD(parameters, 0.1, momentum, weight_decay=decay, nesterov=rule.name == "nesterov")
