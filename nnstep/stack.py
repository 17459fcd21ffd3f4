"""A stack: any layers that keep the layer protocol, with the loss at their end, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np

from nnstep.errors import NnstepError
from nnstep.layers import Array
from nnstep.losses import Loss
from nnstep.parameters import find_parameters

Arrays: TypeAlias = Mapping[str, Array]
Parameters: TypeAlias = tuple[Arrays, ...]

NO_ARRAYS: Arrays = MappingProxyType({})


@runtime_checkable
class KeepsProtocol(Protocol):
    """The layer protocol: all that stepping, training, checking and drawing a layer rely on."""

    def forward_propagation(self, X: Array, /) -> Array:
        """Y from X."""
        ...

    def backward_propagation(self, dE_dY: Array, learning_rate: float, /) -> Array:
        """dE/dX from dE/dY; updates the layer's own parameters."""
        ...


class Stack:
    """Layers to step through, whoever wrote them.

    Args:
        layers: what keeps the layer protocol, from the input to the output.
        loss: what stands behind the last one.

    Attributes:
        names: what each layer is called, kind and number from 1: `affine 1`, `tanh 2`.
        dtype: of the first parameter, float64 where there is none.

    Raises:
        NnstepError: there is no layer, or one lacks a method of the protocol.
    """

    def __init__(self, layers: Sequence[KeepsProtocol], loss: Loss) -> None:
        if not layers:
            raise NnstepError("a network needs at least one layer, received none")
        for number, layer in enumerate(layers, 1):
            for method in ("forward_propagation", "backward_propagation"):
                if not callable(getattr(layer, method, None)):
                    raise NnstepError(f"layer {number} ({type(layer).__name__}) has no method {method}")
        self.layers = list(layers)
        self.loss = loss
        self.names = [f"{kind_of(layer)} {number}" for number, layer in enumerate(layers, 1)]
        self._parameter_names: list[tuple[str, ...] | None] = [None] * len(layers)

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """What the numbers of this stack are."""
        for layer in self.layers:
            named: Arrays = getattr(layer, "parameters", {})
            for array in named.values():
                return array.dtype
        return np.dtype(np.float64)

    def learn_parameters(self, X: Array) -> None:
        """Finds out, on copies, which arrays of layers that do not say so are parameters.

        Args:
            X: one sample, (1, inputs).
        """
        for index, layer in enumerate(self.layers):
            if self._parameter_names[index] is None:
                names, X = find_parameters(layer, X)
                self._parameter_names[index] = names

    def parameters_of(self, index: int) -> Arrays:
        """The live parameters of a layer by name; they change as it learns."""
        layer, names = self.layers[index], self._parameter_names[index]
        if names is None:
            named: Arrays = getattr(layer, "parameters", {})
            return named
        return {name: getattr(layer, name) for name in names}

    def snapshot(self) -> Parameters:
        """Read-only copies of all parameters, a mapping for each layer."""
        return tuple(frozen_copies(self.parameters_of(index)) for index in range(len(self.layers)))

    def restore(self, parameters: Parameters) -> None:
        """Puts a snapshot's numbers back, into the arrays that the layers hold now."""
        for index, saved in enumerate(parameters):
            live = self.parameters_of(index)
            for name, array in saved.items():
                live[name][...] = array


def kind_of(layer: object) -> str:
    """What sort of layer it is, in one word: affine, tanh, or the name of a student's class."""
    words = repr(layer).split()
    return words[0] if words and words[0].isidentifier() else type(layer).__name__


def frozen_copy(array: Array) -> Array:
    """A read-only copy, that can be shared with whoever wants to look."""
    copy = np.array(array)
    copy.setflags(write=False)
    return copy


def frozen_copies(arrays: Arrays) -> Arrays:
    """A read-only mapping of read-only copies."""
    return MappingProxyType({name: frozen_copy(array) for name, array in arrays.items()})
