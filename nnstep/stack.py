"""A stack: any layers that keep the layer protocol, with the loss at their end, and what is known of each."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np

from nnstep.errors import NnstepError
from nnstep.layers import Array
from nnstep.losses import Loss
from nnstep.parameters import find_parameters

Arrays: TypeAlias = Mapping[str, Array]
Parameters: TypeAlias = tuple[Arrays, ...]
NO_PARAMETERS: Arrays = MappingProxyType({})


T = TypeVar("T")


class Guard(Protocol):
    """Runs work that calls layers, in the way that their code needs."""

    def __call__(self, work: Callable[[], T], /) -> T:
        """Does the work."""
        ...


class Keeper(Protocol):
    """Captures and restores what layers keep beside their parameters."""

    def capture(self) -> dict[str, Any]:
        """A copy of it."""
        ...

    def restore(self, state: dict[str, Any], /) -> None:
        """Puts it back."""
        ...


def _at_once(work: Callable[[], T], /) -> T:
    return work()


class Snapshot(tuple[Arrays, ...]):
    """The parameters of all layers, with the state that they keep beside them."""

    state: dict[str, Any]

    def __new__(cls, parameters: Iterable[Arrays], state: dict[str, Any]) -> Snapshot:
        """Puts both together."""
        snapshot = super().__new__(cls, parameters)
        snapshot.state = state
        return snapshot


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
        self.guard: Guard = _at_once
        self.keeper: Keeper | None = None

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

    def look_at_outputs(self, values: Sequence[Array]) -> None:
        """Is given what went in and what each layer gave, where the loss is not finite."""

    def canonical_parameters(self) -> list[Arrays]:
        """The parameters as weights files hold them, a mapping for each layer that has any."""
        return [arrays for index in range(len(self.layers)) if (arrays := self.parameters_of(index))]

    def snapshot(self) -> Parameters:
        """Read-only copies of all parameters, a mapping for each layer; of students' layers with all other state."""
        parameters = tuple(frozen_copies(self.parameters_of(index)) for index in range(len(self.layers)))
        return Snapshot(parameters, self.keeper.capture()) if self.keeper else parameters

    def copy(self) -> Stack:
        """Another stack with copies of the layers, as they are now."""
        stack = copy.copy(self)
        stack.layers = copy.deepcopy(self.layers)
        return stack

    def restore(self, parameters: Parameters) -> None:
        """Puts a snapshot's numbers back, into the arrays that the layers hold now."""
        for index, saved in enumerate(parameters):
            put: Callable[[str, Array], None] | None = getattr(self.layers[index], "put_parameter", None)
            live = NO_PARAMETERS if put else self.parameters_of(index)
            for name, array in saved.items():
                if put:
                    put(name, array)
                else:
                    live[name][...] = array
        if self.keeper and isinstance(parameters, Snapshot):
            self.keeper.restore(parameters.state)


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
