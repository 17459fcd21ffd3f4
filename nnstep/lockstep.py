"""Goes through the same samples with a stack and with frameworks, and compares every tensor of every step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nnstep.errors import NnstepError
from nnstep.frameworks.base import FrameworkNetwork
from nnstep.frameworks.ties import is_tie
from nnstep.frameworks.twin import Twin, masks_of
from nnstep.layers import Array
from nnstep.rounding import condition_of, largest, largest_term, rounding_of_parameters, rounding_of_updates
from nnstep.samples import Samples
from nnstep.stack import Stack
from nnstep.stepping import Frame, Step, run_steps
from nnstep.tensors import Tensor, tensor_of, tensors_of

TOLERANCES = {"float64": 1e-9, "float32": 1e-4}
ENLARGED = (
    "{} enlarged what rounding leaves of a gradient, as of a bias in front of a batch normalisation; "
    "equal weights end with that"
)


@dataclass(frozen=True, eq=False, slots=True)
class Difference:
    """One tensor of a stack beside the same one of a framework.

    Attributes:
        step: which step of a sample.
        tensor: its key, as `tensors_of` names it.
        symbol: what formulas call it.
        element: where both differ most.
        mine, theirs: the values there; NaN where one has no such tensor.
        difference: |mine − theirs|.
        allowed: how large it may be.
        scale: what the tolerance is relative to.
        excused: it is allowed only since the optimizer enlarges rounding; the weights are not equal after it.
    """

    step: Step
    tensor: str
    symbol: str
    element: tuple[int, ...]
    mine: float
    theirs: float
    difference: float
    allowed: float
    scale: float
    excused: bool = False

    @property
    def parts(self) -> bool:
        """It is more than what is allowed; NaN always is."""
        return not self.difference <= self.allowed

    @property
    def relative(self) -> float:
        """The difference as a part of the scale."""
        return self.difference / self.scale if self.scale else self.difference


@dataclass(eq=False, slots=True)
class Companion:
    """A framework on its way beside the stack.

    Attributes:
        key: torch or keras.
        network: what goes along.
        tolerance: how large a difference may be, as a part of the largest term.
        largest: the largest difference so far of each tensor, by step and key.
        steps: how many steps of samples it went along.
        parted: the first difference beyond the tolerance, and in which step of the run it was.
        ended: why it went no further, where it did not.
        ties: how often values that tie were decided in another way.
        unequal: in which step of the run the optimizer enlarged rounding, so that the weights are not equal after it.
    """

    key: str
    network: FrameworkNetwork
    tolerance: float
    largest: dict[tuple[int, str], Difference] = field(default_factory=dict)
    steps: int = 0
    parted: tuple[int, Difference] | None = None
    ended: str = ""
    ties: int = 0
    unequal: int | None = None

    @property
    def goes_on(self) -> bool:
        """It has neither parted nor ended."""
        return self.parted is None and not self.ended


class Lockstep:
    """A stack and its companions.

    Args:
        stack: whose numbers are judged.
        twin: what it is like.
        companions: frameworks, each with a network built from the twin.
        learning_rate: η.
    """

    def __init__(self, stack: Stack, twin: Twin, companions: Sequence[Companion], learning_rate: float) -> None:
        self.stack, self.twin, self.companions, self.learning_rate = stack, twin, companions, learning_rate
        self._scales: dict[tuple[int, str], float] = {}
        self._condition = 1.0

    def run(self, samples: Samples, batches: Iterable[NDArray[np.int64]]) -> Iterator[int]:
        """Takes a batch after the other until all companions have parted, and yields how many are done."""
        for number, rows in enumerate(batches):
            X, y = samples.inputs(rows, self.stack.dtype), samples.targets(rows, self.stack.dtype)
            with np.errstate(over="ignore", invalid="ignore"):
                frames = self._frames(X, y)
                self.look_at(frames)
                for companion in self.companions:
                    if companion.goes_on:
                        self._go_along(companion, number, frames, X, y)
            yield number + 1
            if not any(companion.goes_on for companion in self.companions):
                return

    def look_at(self, frames: Sequence[Frame]) -> None:
        """Finds out how much rounding is to be expected in these frames."""
        self._condition = max(self._condition, condition_of(frames))

    def _frames(self, X: Array, y: Array) -> tuple[Frame, ...]:
        return self.stack.guard(lambda: tuple(run_steps(self.stack, X, y, self.learning_rate)))

    def _go_along(self, companion: Companion, number: int, frames: Sequence[Frame], X: Array, y: Array) -> None:
        try:
            theirs = self.twin.frames(companion.network, self.stack, X, y, self.learning_rate, masks_of(frames))
        except NnstepError as error:
            companion.ended = error.message
            return
        for mine, other in zip(frames, theirs, strict=True):
            for found in self.differences(mine, other, companion.tolerance):
                key = (found.step.index, found.tensor)
                if found.parts and is_tie(mine, other, found.tensor, companion.tolerance):
                    companion.steps = number + 1
                    self._settle(companion)
                    return
                if found.parts and companion.unequal is not None and companion.unequal < number:
                    companion.ended = (
                        f"{self.stack.rule.name} enlarged what rounding leaves of a gradient, as of a bias in "
                    )
                    companion.ended += "front of a batch normalisation; equal weights end with that"
                    return
                if found.excused and companion.unequal is None:
                    companion.unequal = number
                if found.parts:
                    companion.parted = number, found
                known = companion.largest.get(key)
                if known is None or not found.relative <= known.relative:
                    companion.largest[key] = found
                if found.parts:
                    companion.steps = number + 1
                    return
        companion.steps = number + 1

    def _settle(self, companion: Companion) -> None:
        """After a tie that was decided in another way, the framework goes on from the stack's parameters."""
        companion.ties += 1
        if self.stack.rule.plain and not self.twin.names:
            companion.network.put(self.twin.blueprint.layers)
        else:
            companion.ended = "two values tie, and are decided in another way there; equal weights end with that"

    def differences(self, mine: Frame, theirs: Frame, tolerance: float) -> Iterator[Difference]:
        """Compares all tensors of a frame."""
        for tensor in tensors_of(theirs):
            if not is_new(theirs, tensor.key):
                continue
            array = tensor_of(mine, tensor.key)
            if array is None:
                array = np.zeros_like(tensor.array) if tensor.key.startswith("update.") else None
            if array is None and tensor.key.partition(".")[0] in ("after", "gradients"):
                continue
            yield self.difference(mine, tensor, array, theirs, tolerance)

    def difference(
        self, mine: Frame, tensor: Tensor, array: Array | None, theirs: Frame, tolerance: float
    ) -> Difference:
        """Compares an array of a frame with the same tensor of the framework's."""
        other = tensor.array
        if array is None or array.shape != other.shape:
            nan = float("nan")
            return Difference(mine.step, tensor.key, tensor.symbol, (), nan, nan, nan, 0.0, 0.0)
        key = (mine.step.index, tensor.key)
        scale = max(self._scales.get(key, 0.0), largest(other), largest_term(theirs, tensor.key))
        self._scales[key] = scale
        plain = tolerance * scale * self._condition + rounding_of_parameters(mine, theirs, tensor.key)
        allowed = plain + rounding_of_updates(mine, theirs, tensor.key, tolerance * self._condition)
        apart = np.abs(np.asarray(array, np.float64) - other)
        apart = np.where(np.isnan(apart) & (np.isnan(array) & np.isnan(other) | (array == other)), 0, apart)
        beyond = np.where(np.isnan(apart), np.inf, apart) - allowed
        at = np.unravel_index(int(np.argmax(beyond)), apart.shape)
        element = tuple(int(i) for i in at)
        return Difference(
            mine.step,
            tensor.key,
            tensor.symbol,
            element,
            float(array[element]),
            float(other[element]),
            float(apart[element]),
            float(np.broadcast_to(allowed, apart.shape)[element]),
            scale,
            bool(np.any(apart > plain) and np.all(apart <= allowed)),
        )


def is_new(frame: Frame, key: str) -> bool:
    """A step computes this tensor; the others of its frame come from steps before it."""
    group = key.partition(".")[0]
    if frame.step.phase == "backward":
        return group in ("input_gradient", "gradients", "update", "after")
    return group == "input_gradient" or (group == "output" and frame.input_gradient is None)
