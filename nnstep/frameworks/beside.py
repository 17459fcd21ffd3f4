"""A framework beside the debugger: the frames of its samples from the same weights, in PyTorch or Keras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nnstep.errors import NnstepError
from nnstep.frameworks.base import FRAMEWORKS, FrameworkNetwork, open_framework
from nnstep.frameworks.ties import is_tie
from nnstep.frameworks.twin import masks_of, twin_of
from nnstep.lockstep import TOLERANCES, Difference, Lockstep
from nnstep.lockstep_report import element_text
from nnstep.shown import Compared
from nnstep.stack import Stack
from nnstep.stepping import Frame
from nnstep.tensors import Tensor, tensor_of, tensors_of

OF_OPTIMIZER = ("update", "after", "state", "state_after")


@dataclass(frozen=True, eq=False, slots=True)
class Along:
    """A sample in a stack and in a framework.

    Attributes:
        name: of the framework, with its version.
        mine: the stack's frames.
        compared: for each frame, its tensors in their order.
        first: the first tensor that parts beyond rounding; None where all agree.
    """

    name: str
    mine: Sequence[Frame]
    compared: Sequence[Sequence[Compared]]
    first: Difference | None

    @property
    def parts_at(self) -> tuple[int, str] | None:
        """The step and the tensor that part first."""
        return (self.first.step.index, self.first.tensor) if self.first else None

    @property
    def verdict(self) -> str:
        """One line: it agrees, or where it parts first."""
        if self.first is None:
            return f"{self.name} agrees in all {len(self.mine)} steps of this sample"
        step = self.first.step
        where = f"{step.phase} {step.name}" if step.layer is not None else step.name
        return f"{self.name} parts in step {step.index + 1}, {where}, {element_text(self.first, 'here', 'there')}"


class Beside:
    """A network in a framework that is given the weights of each sample's frames.

    Args:
        framework: torch or keras; it is imported when the first sample comes.
        stack: what it is like.
        inputs: how many numbers a sample has.

    Raises:
        NnstepError: a layer or the loss has no counterpart.
    """

    def __init__(self, framework: str, stack: Stack, inputs: int) -> None:
        self.framework, self.stack = framework, stack
        self._twin = twin_of(stack, np.zeros((1, inputs), stack.dtype)).apart()
        self._network: FrameworkNetwork | None = None

    @property
    def name(self) -> str:
        """The framework's name."""
        return FRAMEWORKS[self.framework]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of how layers were understood."""
        return self._twin.notes

    def go_along(self, frames: Sequence[Frame]) -> Along:
        """Runs a sample from the weights of its frames.

        Raises:
            NnstepError: the framework cannot be had, or cannot do what was done here.
        """
        if len(frames) != frames[0].count:
            raise NnstepError("this sample did not come to its end: there is nothing to compare")
        _check_unedited(frames, len(self.stack.layers))
        network, twin = self._filled(frames), self._twin
        loss = frames[len(self.stack.layers)]
        assert loss.target is not None
        with np.errstate(over="ignore", invalid="ignore"):
            theirs = twin.frames(
                network, self.stack, frames[0].input, loss.target, frames[0].learning_rate, masks_of(frames)
            )
            usual = TOLERANCES[np.dtype(twin.blueprint.dtype).name]
            judge = _Judge(network.name, self.stack, Lockstep(self.stack, twin, (), frames[0].learning_rate))
            return judge.judged(frames, theirs, TOLERANCES["float32"] if network.single else usual)

    def _filled(self, frames: Sequence[Frame]) -> FrameworkNetwork:
        """The network with the weights of before these frames; a new one where the optimizer keeps anything."""
        rule, blueprint = frames[-1].rule, self._twin.blueprint
        if rule != blueprint.rule:
            self._twin, self._network = replace(self._twin, blueprint=replace(blueprint, rule=rule)), None
        self._twin.put(frames)
        if self._network is None or not rule.plain:
            self._network = open_framework(self.framework, self._twin.blueprint)
        else:
            self._network.put(self._twin.blueprint.layers)
        return self._network


@dataclass(frozen=True, eq=False, slots=True)
class _Judge:
    """Compares all tensors of a sample's frames."""

    name: str
    stack: Stack
    lockstep: Lockstep

    def judged(self, frames: Sequence[Frame], theirs: Sequence[Frame], tolerance: float) -> Along:
        self.lockstep.look_at(frames)
        afresh = any(np.any(array) for f in frames if f.step.phase == "backward" for array in f.state.values())
        first: Difference | None = None
        compared = []
        for mine, other in zip(frames, theirs, strict=True):
            found = list(self._frame(mine, other, tolerance, afresh))
            compared.append([one for one, _ in found])
            first = first or next((difference for one, difference in found if one.beyond), None)
            if not afresh:
                first = first or next(self._unlearned(mine, other, tolerance), None)
        return Along(self.name, frames, compared, first)

    def _frame(
        self, mine: Frame, theirs: Frame, tolerance: float, afresh: bool
    ) -> Iterator[tuple[Compared, Difference | None]]:
        for tensor in tensors_of(mine):
            then = tensor_of(theirs, tensor.key)
            group = tensor.key.partition(".")[0]
            if afresh and group in OF_OPTIMIZER and mine.step.phase == "backward":
                why = f"The optimizer in {self.name} does not know the samples before: its update is not compared"
                yield Compared(tensor, why_not=why), None
            elif then is None or np.shape(then) != np.shape(tensor.array):
                yield Compared(tensor, why_not=f"{self.name} shows no such tensor"), None
            else:
                yield self._tensor(mine, theirs, tensor, tolerance)

    def _unlearned(self, mine: Frame, theirs: Frame, tolerance: float) -> Iterator[Difference]:
        """What the framework updates and this network never does, such as a bias that is only added."""
        for tensor in tensors_of(theirs):
            if tensor.key.startswith("update.") and tensor_of(mine, tensor.key) is None:
                found = self.lockstep.difference(mine, tensor, np.zeros_like(tensor.array), theirs, tolerance)
                if found.parts:
                    yield found

    def _tensor(self, mine: Frame, theirs: Frame, tensor: Tensor, tolerance: float) -> tuple[Compared, Difference]:
        then = tensor_of(theirs, tensor.key)
        assert then is not None
        difference = self.lockstep.difference(mine, replace(tensor, array=then), tensor.array, theirs, tolerance)
        tied = difference.parts and is_tie(mine, theirs, tensor.key, tolerance)
        beyond = difference.parts and not tied
        said = f"{self.name}: {_in_words(difference, beyond, tied)}"
        with np.errstate(invalid="ignore"):
            change = np.asarray(tensor.array - then)
        return Compared(tensor, then, change, said=said, beyond=beyond), difference


def _check_unedited(frames: Sequence[Frame], layers: int) -> None:
    for before, after in zip(frames[: layers - 1], frames[1:layers], strict=True):
        assert before.output is not None
        if not np.array_equal(before.output, after.input, equal_nan=True):
            raise NnstepError(f"the input of {after.step.name} was changed by hand here: no framework does that")


def _in_words(found: Difference, beyond: bool, tied: bool) -> str:
    if found.difference == 0:
        return "the same to the last bit"
    element = "[" + ", ".join(map(str, found.element)) + "]" if found.element else ""
    ending = "equal values, decided in another way" if tied else "beyond rounding" if beyond else "rounding"
    where = f" at {found.symbol}{element}" if element else ""
    values = f"here {found.mine:.10g}, there {found.theirs:.10g}"
    return f"largest difference {found.difference:.3g}{where}: {values}; {ending} (allowed {found.allowed:.1g})"
