"""A stack: any layers that keep the layer protocol, with the loss at their end, and what is known of each."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np

from nnstep.errors import NnstepError
from nnstep.layers import Array, Layer
from nnstep.losses import Loss
from nnstep.optimizers import Optimizer, Rule
from nnstep.parameters import find_parameters

Arrays: TypeAlias = Mapping[str, Array]
Parameters: TypeAlias = tuple[Arrays, ...]
NO_ARRAYS: Arrays = MappingProxyType({})


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
        rule: the optimizer; plain descent is what each layer does by itself.

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
        self.rule = Rule()
        self.optimizers: list[Optimizer] = []
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

    def use_rule(self, rule: Rule) -> None:
        """Takes another optimizer from now on; one of the same name goes on with what it has kept.

        The parameters must be known: `learn_parameters` comes before.
        """
        if rule.plain:
            self.optimizers = []
        elif rule.name != self.rule.name or not self.optimizers:
            self.optimizers = [rule.begin(self.parameters_of(index)) for index in range(len(self.layers))]
        for optimizer in self.optimizers:
            optimizer.rule = rule
        self.rule = rule

    def descend(self, index: int, dE_dY: Array, learning_rate: float) -> tuple[Array, Arrays | None]:
        """Runs a layer backward and lets it learn by the optimizer.

        The layer itself descends plainly; for another optimizer it is asked for its gradients alone, with η = 0. One
        that names none takes a step with η = 1 instead, that is undone: its gradients are what it took off.

        Returns:
            dE/dX, and the gradients of its parameters where the layer itself does not know them.
        """
        layer = self.layers[index]
        if not self.optimizers:
            return layer.backward_propagation(dE_dY, learning_rate), None
        named: Arrays | None = getattr(layer, "gradients", None)
        if isinstance(named, dict):
            dE_dX = layer.backward_propagation(dE_dY, 0.0)
            named = layer.gradients  # type: ignore[attr-defined]
            self.optimizers[index].update(self.parameters_of(index), named, learning_rate)
            return dE_dX, None
        before = {name: array.copy() for name, array in self.parameters_of(index).items()}
        dE_dX = layer.backward_propagation(dE_dY, 1.0)
        found = {name: before[name] - array for name, array in self.parameters_of(index).items()}
        self.optimizers[index].update(before, found, learning_rate)
        self._put(index, before)
        return dE_dX, found

    def backward(self, dE_dY: Array, learning_rate: float) -> Array:
        """Runs dE/dŷ back through all layers, which learn from it, and returns dE/dX of the first."""
        for index in reversed(range(len(self.layers))):
            dE_dY, _ = self.descend(index, dE_dY, learning_rate)
        return dE_dY

    def state_of(self, index: int) -> Arrays:
        """What a layer keeps beside its parameters, such as running means; live."""
        state = getattr(self.layers[index], "state", None)
        return state if isinstance(self.layers[index], Layer) and isinstance(state, dict) else NO_ARRAYS

    def moments_of(self, index: int) -> Arrays:
        """What the optimizer keeps for a layer; live."""
        return self.optimizers[index].state if self.optimizers else NO_ARRAYS

    def state(self) -> dict[str, Array]:
        """All that is kept beside the parameters, such as `2.running_mean` and `0.weights.velocity`; live."""
        kept: dict[str, Array] = {}
        for index in range(len(self.layers)):
            kept |= {f"{index}.{name}": array for name, array in self.state_of(index).items()}
            kept |= {f"{index}.{name}": array for name, array in self.moments_of(index).items()}
        return kept

    def snapshot(self) -> Parameters:
        """Read-only copies of all parameters, a mapping for each layer; where more is kept, one more mapping for it.

        Of students' layers it holds all other state as well.
        """
        parameters = tuple(frozen_copies(self.parameters_of(index)) for index in range(len(self.layers)))
        state = self.state()
        whole = (*parameters, frozen_copies(state)) if state else parameters
        return Snapshot(whole, self.keeper.capture()) if self.keeper else whole

    def unheard(self) -> AbstractContextManager[object]:
        """While it lasts, what layers print is not kept: for what runs a second time."""
        return nullcontext()

    def copy(self) -> Stack:
        """Another stack with copies of the layers, as they are now."""
        stack = copy.copy(self)
        stack.layers, stack.optimizers = copy.deepcopy(self.layers), copy.deepcopy(self.optimizers)
        return stack

    def restore(self, parameters: Parameters) -> None:
        """Puts a snapshot's numbers back, into the arrays that the layers hold now."""
        for index, saved in enumerate(parameters):
            if index < len(self.layers):
                self._put(index, saved)
                continue
            live = self.state()
            for name, array in saved.items():
                live[name][...] = array
        if self.keeper and isinstance(parameters, Snapshot):
            self.keeper.restore(parameters.state)

    def take_over(self, old: Stack) -> None:
        """Goes on with the parameters of another stack that has the same."""
        self.restore(tuple(old.snapshot()))

    def _put(self, index: int, parameters: Arrays) -> None:
        put: Callable[[str, Array], None] | None = getattr(self.layers[index], "put_parameter", None)
        live = NO_ARRAYS if put else self.parameters_of(index)
        for name, array in parameters.items():
            if put:
                put(name, array)
            else:
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
