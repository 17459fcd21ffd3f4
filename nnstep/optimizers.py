"""The optimizers: how parameters follow from their gradients, and what is kept for that from update to update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnstep.activations import Array
from nnstep.errors import NnstepError

MOMENTUM = 0.9
SQUARES = 0.99
FIRST, SECOND = 0.9, 0.999
EPSILON = 1e-8
ADAMW_DECAY = 0.01


@dataclass(frozen=True, slots=True)
class Rule:
    """Which optimizer, and what is done to the gradients before it.

    Attributes:
        name: sgd, momentum, nesterov, rmsprop, adam or adamw.
        weight_decay: λ. λ W is added to dE/dW; adamw takes η λ W off W instead (Loshchilov and Hutter 2019).
        clip_norm: where ‖dE/dW‖ of all parameters of a layer together is larger, they are made shorter to this length.

    Raises:
        NnstepError: the name is unknown, or a number makes no sense.
    """

    name: str = "sgd"
    weight_decay: float = 0.0
    clip_norm: float | None = None

    def __post_init__(self) -> None:
        if self.name not in OPTIMIZERS:
            raise NnstepError(f"unknown optimizer '{self.name}'", f"Choose one of: {', '.join(OPTIMIZERS)}")
        if not (np.isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise NnstepError(f"weight decay expected to be a finite number, 0 or more, received {self.weight_decay}")
        if self.clip_norm is not None and not self.clip_norm > 0:
            raise NnstepError(f"clip norm expected to be a number above 0, received {self.clip_norm}")

    @property
    def plain(self) -> bool:
        """It is W ← W − η dE/dW and nothing else: what every layer does by itself."""
        return self == Rule()

    def begin(self, parameters: Mapping[str, Array]) -> Optimizer:
        """A fresh optimizer for the parameters of one layer."""
        return OPTIMIZERS[self.name](self, parameters)


class Optimizer:
    """W ← W − η dE/dW, stochastic gradient descent; the others are made from it.

    Args:
        rule: weight decay and clipping.
        parameters: of one layer, by name.

    Attributes:
        state: what is kept, such as `weights.velocity`, all zeros at the beginning; it is changed in place.
    """

    slots: tuple[str, ...] = ()

    def __init__(self, rule: Rule, parameters: Mapping[str, Array]) -> None:
        self.rule = rule
        self.state = {
            f"{name}.{slot}": np.zeros_like(array) for name, array in parameters.items() for slot in self.slots
        }
        if self.state:
            self.state["updates"] = np.zeros(())

    def update(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array], learning_rate: float) -> None:
        """Improves the parameters in place by their gradients."""
        gradients = self.prepared(parameters, gradients)
        if self.state:
            self.state["updates"] += 1
        for name, parameter in parameters.items():
            kept = [self.state[f"{name}.{slot}"] for slot in self.slots]
            self.descend(parameter, gradients[name], learning_rate, *kept)

    def prepared(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> dict[str, Array]:
        """The gradients, clipped and with weight decay, as PyTorch does both; those that came are left as they are."""
        factor = clipping(gradients, self.rule.clip_norm)
        found = {name: array if factor == 1 else array * array.dtype.type(factor) for name, array in gradients.items()}
        if self.rule.weight_decay and self.rule.name != "adamw":
            return {name: array + self.rule.weight_decay * parameters[name] for name, array in found.items()}
        return found

    def descend(self, parameter: Array, gradient: Array, learning_rate: float, *kept: Array) -> None:
        """Changes one parameter, and what is kept for it, in place."""
        parameter -= learning_rate * gradient


class Momentum(Optimizer):
    """V ← 0.9 V + dE/dW; W ← W − η V (Polyak 1964; as torch.optim.SGD with momentum=0.9)."""

    slots = ("velocity",)

    def descend(self, parameter: Array, gradient: Array, learning_rate: float, *kept: Array) -> None:
        """Changes one parameter and its velocity in place."""
        (velocity,) = kept
        velocity *= MOMENTUM
        velocity += gradient
        parameter -= learning_rate * velocity


class Nesterov(Optimizer):
    """V ← 0.9 V + dE/dW; W ← W − η (dE/dW + 0.9 V) (Sutskever et al. 2013; as torch.optim.SGD with nesterov=True)."""

    slots = ("velocity",)

    def descend(self, parameter: Array, gradient: Array, learning_rate: float, *kept: Array) -> None:
        """Changes one parameter and its velocity in place."""
        (velocity,) = kept
        velocity *= MOMENTUM
        velocity += gradient
        parameter -= learning_rate * (gradient + MOMENTUM * velocity)


class RMSprop(Optimizer):
    """S ← 0.99 S + 0.01 (dE/dW)²; W ← W − η dE/dW / (√S + 1e−8) (Tieleman and Hinton 2012; as torch.optim.RMSprop)."""

    slots = ("squares",)

    def descend(self, parameter: Array, gradient: Array, learning_rate: float, *kept: Array) -> None:
        """Changes one parameter and its mean square in place."""
        (squares,) = kept
        squares *= SQUARES
        squares += (1 - SQUARES) * gradient**2
        parameter -= learning_rate * gradient / (np.sqrt(squares) + EPSILON)


class Adam(Optimizer):
    """W ← W − η m̂ / (√v̂ + 1e−8) (Kingma and Ba 2015, algorithm 1; as torch.optim.Adam).

    After t updates: M ← 0.9 M + 0.1 dE/dW, V ← 0.999 V + 0.001 (dE/dW)², m̂ = M / (1 − 0.9ᵗ), v̂ = V / (1 − 0.999ᵗ).
    """

    slots = ("mean", "squares")

    def descend(self, parameter: Array, gradient: Array, learning_rate: float, *kept: Array) -> None:
        """Changes one parameter and its two moments in place."""
        mean, squares = kept
        t = float(self.state["updates"])
        mean *= FIRST
        mean += (1 - FIRST) * gradient
        squares *= SECOND
        squares += (1 - SECOND) * gradient**2
        deviation = np.sqrt(squares / (1 - SECOND**t)) + EPSILON
        parameter -= learning_rate / (1 - FIRST**t) * mean / deviation


class AdamW(Adam):
    """W ← W − η λ W before the update of Adam (Loshchilov and Hutter 2019; as torch.optim.AdamW)."""

    def descend(self, parameter: Array, gradient: Array, learning_rate: float, *kept: Array) -> None:
        """Changes one parameter and its two moments in place."""
        parameter *= 1 - learning_rate * self.rule.weight_decay
        super().descend(parameter, gradient, learning_rate, *kept)


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": Optimizer,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}


def clipping(gradients: Mapping[str, Array], longest: float | None) -> float:
    """What to multiply gradients with so that their norm together is no more than `longest`; 1 where it is not."""
    if longest is None:
        return 1.0
    norm = float(np.sqrt(sum(float(np.vdot(array, array)) for array in gradients.values())))
    return min(1.0, longest / (norm + 1e-6))
