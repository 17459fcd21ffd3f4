"""What a network in a framework does, how it is opened, and how its step becomes frames like nnstep's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

from nnstep.errors import NnstepError
from nnstep.extras import are_installed, import_extra, not_installed
from nnstep.layers import Array, Layer
from nnstep.optimizers import Rule
from nnstep.stack import NO_ARRAYS, Arrays, frozen_copies, frozen_copy
from nnstep.stepping import Frame, Step

FRAMEWORKS = {"torch": "PyTorch", "keras": "Keras"}
MODULES = {"torch": ("torch",), "keras": ("keras", "jax")}


@dataclass(frozen=True, eq=False, slots=True)
class Blueprint:
    """What a framework's network is built from.

    Attributes:
        layers: nnstep's layers, from the input to the output; their parameters are what it starts with.
        loss: mse, cross_entropy or softmax_cross_entropy.
        loss_factor: what the framework's loss is multiplied with.
        rule: the optimizer.
        dtype: float64 or float32.
        frozen: parameters that shall not learn, such as `(0, "bias")` where a layer has none.
        shape: of one sample as it comes in.
    """

    layers: Sequence[Layer]
    loss: str
    shape: tuple[int, ...]
    rule: Rule = Rule()
    dtype: DTypeLike = np.float64
    loss_factor: float = 1.0
    frozen: frozenset[tuple[int, str]] = frozenset()


@dataclass(frozen=True, eq=False, slots=True)
class Observed:
    """All numbers of one step of a framework's network, in nnstep's shapes and orders.

    Attributes:
        outputs: Y of each layer.
        loss: E.
        output_gradients: dE/dY of each layer.
        input_gradient: dE/dX of the first one.
        gradients, before, after: of each layer's parameters, by name.
        state, state_after: what each layer keeps beside them, where the framework keeps the same.
    """

    outputs: Sequence[Array]
    loss: float
    output_gradients: Sequence[Array]
    input_gradient: Array
    gradients: Sequence[Arrays]
    before: Sequence[Arrays]
    after: Sequence[Arrays]
    state: Sequence[Arrays]
    state_after: Sequence[Arrays]


class FrameworkNetwork(Protocol):
    """The same network in a framework, with its own layers, automatic differentiation and optimizer.

    Attributes:
        name: with its version.
        single: part of it is computed in float32, even where float64 is asked for.
    """

    name: str
    single: bool

    def step(self, X: Array, y: Array, learning_rate: float, masks: Sequence[Array | None]) -> Observed:
        """Goes forward, back and updates once.

        Args:
            X: (batch, inputs).
            y: (batch, outputs).
            learning_rate: η.
            masks: for each dropout layer what it keeps, ones and zeros; None for any other layer.
        """
        ...

    def epoch(
        self, X: Array, y: Array, learning_rate: float, batch_size: int, report: Callable[[int], object]
    ) -> float:
        """Trains on all samples once, in their order, as its users do, and returns their mean loss.

        Args:
            X: (samples, inputs).
            y: (samples, outputs).
            learning_rate: η.
            batch_size: samples per update.
            report: is given how many samples are done, now and then.
        """
        ...

    def prepare(self, X: Array, y: Array, batch_size: int) -> None:
        """Compiles what will be needed, and leaves all parameters as they are."""
        ...

    def predict(self, X: Array) -> Array:
        """ŷ (samples, outputs), in evaluation."""
        ...

    def put(self, layers: Sequence[Layer]) -> None:
        """Copies the parameters and the state of nnstep's layers."""
        ...


def is_installed(framework: str) -> bool:
    """Whether a framework and what it computes with are installed."""
    return are_installed(*MODULES[framework])


def check_installed(framework: str) -> None:
    """Raises an NnstepError where a framework is unknown or not installed."""
    if framework not in FRAMEWORKS:
        raise NnstepError(f"unknown framework '{framework}'", f"Choose one of: {', '.join(FRAMEWORKS)}")
    if not is_installed(framework):
        raise not_installed(FRAMEWORKS[framework], framework)


def import_framework(framework: str) -> None:
    """Imports a framework, and what it computes with, which can take seconds.

    Raises:
        NnstepError: it is unknown, not installed, or cannot be imported.
    """
    check_installed(framework)
    if framework == "keras":
        os.environ.setdefault("KERAS_BACKEND", "jax")
    import_extra(FRAMEWORKS[framework], framework, *reversed(MODULES[framework]))


def open_framework(framework: str, blueprint: Blueprint) -> FrameworkNetwork:
    """Builds a network in a framework.

    Raises:
        NnstepError: the framework is unknown, not installed, cannot be imported, or has no such layer, loss or
            optimizer.
    """
    import_framework(framework)
    if framework == "torch":
        from nnstep.frameworks.torch_network import TorchNetwork

        return TorchNetwork(blueprint)
    from nnstep.frameworks.keras_network import KerasNetwork

    return KerasNetwork(blueprint)


def frames_from(
    observed: Observed, steps: Sequence[Step], X: Array, y: Array, learning_rate: float, rule: Rule
) -> Iterator[Frame]:
    """The frames of a framework's step.

    Args:
        observed: its numbers.
        steps: which steps they are, as nnstep names them.
        X: (batch, inputs).
        y: (batch, outputs).
        learning_rate: η.
        rule: the optimizer.
    """
    count, layers = len(steps), len(observed.outputs)
    inputs = [frozen_copy(X), *(frozen_copy(Y) for Y in observed.outputs)]
    target, error = frozen_copy(y), frozen_copy(np.asarray(observed.loss))
    back = [frozen_copy(observed.input_gradient), *(frozen_copy(array) for array in observed.output_gradients)]
    for step in steps:
        if step.layer is None:
            gradient = back[-1] if step.index == layers + 1 else None
            yield Frame(step, count, learning_rate, inputs[-1], output=error, target=target, input_gradient=gradient)
            continue
        i = step.layer
        before = frozen_copies(observed.before[i])
        if step.phase == "forward":
            yield Frame(
                step,
                count,
                learning_rate,
                inputs[i],
                output=inputs[i + 1],
                before=before,
                state=frozen_copies(observed.state[i]) if observed.state[i] else NO_ARRAYS,
                state_after=frozen_copies(observed.state_after[i]) if observed.state[i] else NO_ARRAYS,
            )
            continue
        yield Frame(
            step,
            count,
            learning_rate,
            inputs[i],
            output=inputs[i + 1],
            output_gradient=back[i + 1],
            input_gradient=back[i],
            gradients=frozen_copies(observed.gradients[i]),
            before=before,
            after=frozen_copies(observed.after[i]),
            rule=rule,
        )
