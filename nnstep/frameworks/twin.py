"""Which network of a framework is like a stack: nnstep's own layers say it themselves."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nnstep.architecture import input_shape
from nnstep.errors import NnstepError
from nnstep.frameworks.base import Blueprint, FrameworkNetwork, Observed, frames_from
from nnstep.frameworks.naming import Naming
from nnstep.layers import Array, Layer
from nnstep.losses import LOSSES
from nnstep.network import Network
from nnstep.stack import Arrays, Stack
from nnstep.stepping import Frame, steps_of


@dataclass(frozen=True, eq=False, slots=True)
class Twin:
    """What a stack is like.

    Attributes:
        blueprint: the network to build in a framework.
        names: for each layer, what the stack calls a parameter and how its array is laid out there, by nnstep's name;
            empty where both are as in nnstep.
        notes: what a reader should know of how layers were understood.
    """

    blueprint: Blueprint
    names: Sequence[Mapping[str, Naming]] = field(default_factory=tuple)
    notes: tuple[str, ...] = ()

    def apart(self) -> Twin:
        """The same with layers of its own, that `put` fills."""
        return replace(self, blueprint=replace(self.blueprint, layers=copy.deepcopy(list(self.blueprint.layers))))

    def put(self, frames: Sequence[Frame]) -> None:
        """Fills the layers with the parameters, and with what layers keep, of before a sample's frames."""
        for frame in frames[: len(self.blueprint.layers)]:
            assert frame.step.layer is not None
            layer = self.blueprint.layers[frame.step.layer]
            if not self.names:
                for name, array in (*frame.before.items(), *frame.state.items()):
                    (layer.parameters | layer.state)[name][...] = array
                continue
            for name, naming in self.names[frame.step.layer].items():
                if naming.name in frame.before:
                    layer.parameters[name][...] = naming.ours(frame.before[naming.name])

    def frames(
        self,
        network: FrameworkNetwork,
        stack: Stack,
        X: Array,
        y: Array,
        learning_rate: float,
        masks: Sequence[Array | None] | None = None,
    ) -> tuple[Frame, ...]:
        """Runs one step of the framework's network and gives its frames as the stack's own would be.

        Args:
            network: built from the blueprint.
            stack: whose names and shapes the frames get.
            X: (batch, inputs).
            y: (batch, outputs).
            learning_rate: η.
            masks: what each dropout layer keeps.
        """
        masks = [None] * len(stack.layers) if masks is None else masks
        observed = network.step(X, y, learning_rate, masks)
        if self.names:
            observed = self._dressed(observed)
        return tuple(frames_from(observed, steps_of(stack), X, y, learning_rate, self.blueprint.rule))

    def _dressed(self, observed: Observed) -> Observed:
        """The same with parameters named and laid out as the stack's own."""

        def dressed(layers: Sequence[Arrays]) -> list[Arrays]:
            return [
                {names[key].name: names[key].theirs(array) for key, array in arrays.items() if key in names}
                for names, arrays in zip(self.names, layers, strict=True)
            ]

        return replace(
            observed,
            gradients=dressed(observed.gradients),
            before=dressed(observed.before),
            after=dressed(observed.after),
        )


def twin_of(stack: Stack, X: Array, batch_size: int = 1) -> Twin:
    """Finds out which network of a framework is like a stack.

    Args:
        stack: its parameters as they are now are what the framework starts with.
        X: one sample, (1, inputs).
        batch_size: how many samples go through it at a time.

    Raises:
        NnstepError: a layer or the loss has no counterpart.
    """
    from nnstep.adapting import HomeworkStack

    if isinstance(stack, HomeworkStack):
        from nnstep.frameworks.student_twin import student_twin

        return student_twin(stack, X.shape[1], batch_size)
    layers: list[Any] = list(stack.layers)
    if not all(isinstance(layer, Layer) for layer in layers):
        raise NnstepError("the layers of this network cannot be matched with a framework's")
    loss = next((name for name, known in LOSSES.items() if known is stack.loss), None)
    if loss is None:
        raise NnstepError(f"the loss '{stack.loss.name}' has no counterpart in a framework")
    size = input_shape(Network(layers)) or X.shape[1]
    shape = (size,) if isinstance(size, int) else size
    return Twin(Blueprint(layers, loss, shape, stack.rule, np.dtype(stack.dtype)))


def masks_of(frames: Sequence[Frame]) -> list[Array | None]:
    """What each dropout layer kept, from a sample's frames."""
    forward = [frame for frame in frames if frame.step.phase == "forward"]
    return [frame.details.get("mask") for frame in forward]
