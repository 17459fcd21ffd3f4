"""Goes through the same samples with a stack and with frameworks, and compares every tensor of every step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nnstep.batchnorm import EPSILON
from nnstep.errors import NnstepError
from nnstep.frameworks.base import FrameworkNetwork
from nnstep.frameworks.ties import is_tie
from nnstep.frameworks.twin import Twin, masks_of
from nnstep.layers import Array
from nnstep.samples import Samples
from nnstep.stack import Stack
from nnstep.stepping import Frame, Step, run_steps
from nnstep.tensors import Tensor, tensor_of, tensors_of

TOLERANCES = {"float64": 1e-9, "float32": 1e-4}
WORST_CONDITION = 100.0


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
    """

    key: str
    network: FrameworkNetwork
    tolerance: float
    largest: dict[tuple[int, str], Difference] = field(default_factory=dict)
    steps: int = 0
    parted: tuple[int, Difference] | None = None
    ended: str = ""
    ties: int = 0

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
                self._condition = max(self._condition, condition_of(frames))
                for companion in self.companions:
                    if companion.goes_on:
                        self._go_along(companion, number, frames, X, y)
            yield number + 1
            if not any(companion.goes_on for companion in self.companions):
                return

    def _frames(self, X: Array, y: Array) -> tuple[Frame, ...]:
        return self.stack.guard(lambda: tuple(run_steps(self.stack, X, y, self.learning_rate)))

    def _go_along(self, companion: Companion, number: int, frames: Sequence[Frame], X: Array, y: Array) -> None:
        try:
            theirs = self.twin.frames(companion.network, self.stack, X, y, self.learning_rate, masks_of(frames))
        except NnstepError as error:
            companion.ended = error.message
            return
        companion.steps = number + 1
        for mine, other in zip(frames, theirs, strict=True):
            for found in self.differences(mine, other, companion.tolerance):
                key = (found.step.index, found.tensor)
                if found.parts and is_tie(mine, other, found.tensor, companion.tolerance):
                    self._settle(companion)
                    return
                if found.parts:
                    companion.parted = number, found
                known = companion.largest.get(key)
                if known is None or not found.relative <= known.relative:
                    companion.largest[key] = found
                if found.parts:
                    return

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
            yield self._difference(mine, tensor, array, theirs, tolerance)

    def _difference(
        self, mine: Frame, tensor: Tensor, array: Array | None, theirs: Frame, tolerance: float
    ) -> Difference:
        other = tensor.array
        if array is None or array.shape != other.shape:
            nan = float("nan")
            return Difference(mine.step, tensor.key, tensor.symbol, (), nan, nan, nan, 0.0, 0.0)
        key = (mine.step.index, tensor.key)
        scale = max(self._scales.get(key, 0.0), largest(other), largest_term(theirs, tensor.key))
        self._scales[key] = scale
        allowed = tolerance * scale * self._condition
        allowed += rounding_of_parameters(mine, theirs, tensor.key)
        apart = np.abs(np.asarray(array, np.float64) - other)
        apart = np.where(np.isnan(apart) & (np.isnan(array) & np.isnan(other) | (array == other)), 0, apart)
        at = np.unravel_index(int(np.argmax(np.where(np.isnan(apart), np.inf, apart))), apart.shape)
        element = tuple(int(i) for i in at)
        return Difference(
            mine.step,
            tensor.key,
            tensor.symbol,
            element,
            float(array[element]),
            float(other[element]),
            float(apart[element]),
            allowed,
            scale,
        )


def rounding_of_parameters(mine: Frame, theirs: Frame, key: str) -> float:
    """How much of a difference comes from rounding W: an update is a difference of two W, and may give the gradient."""
    group, _, name = key.partition(".")
    if group not in ("update", "gradients") or (group == "gradients" and not mine.derived):
        return 0.0
    before = theirs.before[name]
    rounding = 4 * float(np.finfo(before.dtype).eps) * largest(before)
    return rounding if group == "update" else rounding / (mine.learning_rate if mine.rule.plain else 1.0)


def is_new(frame: Frame, key: str) -> bool:
    """A step computes this tensor; the others of its frame come from steps before it."""
    group = key.partition(".")[0]
    if frame.step.phase == "backward":
        return group in ("input_gradient", "gradients", "update", "after")
    return group == "input_gradient" or (group == "output" and frame.input_gradient is None)


def condition_of(frames: Sequence[Frame]) -> float:
    """How much batch normalisation enlarges rounding: the largest number that it divides by a small deviation."""
    found = [
        largest(frame.input) / float(np.sqrt(np.min(frame.details["variance"]) + EPSILON))
        for frame in frames
        if "variance" in frame.details
    ]
    return float(min(max(found, default=1.0), WORST_CONDITION))


def largest(array: Array | None) -> float:
    """The largest absolute value, 0 where there is none that is finite."""
    if array is None or not array.size:
        return 0.0
    found = np.abs(array[np.isfinite(array)])
    return float(found.max()) if found.size else 0.0


def largest_term(frame: Frame, key: str) -> float:
    """How large a term of the sums that a tensor consists of may be: rounding is relative to that, not to the sum."""
    group, _, name = key.partition(".")
    weights = max((largest(array) for array in frame.before.values() if array.ndim > 1), default=0.0)
    if frame.step.phase == "loss":
        return largest(frame.target) / frame.input.size if group in ("output", "input_gradient") else 0.0
    if group == "output":
        return largest(frame.input) * weights
    back = largest(frame.output_gradient)
    if group == "input_gradient":
        return back * weights
    if group in ("gradients", "update") and name in frame.before:
        term = back * (largest(frame.input) if frame.before[name].ndim > 1 else 1.0)
        return term if group == "gradients" else term * frame.learning_rate
    return 0.0
