"""What the screen shows of a frame: which tensors, on which scale, compared with what. Nothing here needs a screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnstep.adapting import HomeworkStack
from nnstep.debugger import Debugger
from nnstep.errors import NnstepError
from nnstep.layers import Array
from nnstep.pictures import largest
from nnstep.references import difference, reference_frame
from nnstep.source import Function, running_source
from nnstep.stepping import Frame, loss_of, says_of
from nnstep.student_errors import StudentError
from nnstep.tensors import Tensor, tensors_of
from nnstep.trying import is_change

SINCE = {"step": "1 step", "sample": "1 sample", "epoch": "1 epoch", "change": "the change"}


@dataclass(frozen=True, eq=False, slots=True)
class Compared:
    """A tensor with what it is compared with.

    Attributes:
        tensor: as the frame holds it.
        then: the tensor of then, or None where there is none or no comparison is wanted.
        change: now − then.
        why_not: why there is none, in one sentence.
        said: how large the change is, in one sentence.
        beyond: it is larger than rounding explains.
    """

    tensor: Tensor
    then: Array | None = None
    change: Array | None = None
    why_not: str = ""
    said: str = ""
    beyond: bool = False


def compared(debugger: Debugger, since: str | None) -> list[Compared]:
    """All tensors of the current frame, each with its change since a step, a sample, an epoch or a change."""
    tensors = tensors_of(debugger.frame)
    if since is None:
        return [Compared(tensor) for tensor in tensors]
    found = []
    try:
        reference = reference_frame(debugger, since)
    except NnstepError as error:
        return [Compared(tensor, why_not=error.message) for tensor in tensors]
    for tensor in tensors:
        try:
            found.append(Compared(tensor, *difference(debugger, tensor.key, since, reference)))
        except NnstepError as error:
            found.append(Compared(tensor, why_not=error.message))
    return found


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """What is shown of the current frame beside its own tensors, and may need layers to run.

    Attributes:
        compared: all tensors, each with its change.
        unchanged: the sample's loss and predicted class without the change, where there was one.
        source: the functions that the step runs; None where the source is not wanted.
    """

    compared: list[Compared]
    unchanged: tuple[float | None, int | None] | None = None
    source: tuple[Function, ...] | None = None


def shown(debugger: Debugger, since: str | None, source: bool) -> Shown:
    """Works out what is shown of the current frame.

    Args:
        debugger: where it stands.
        since: step, sample, epoch or change; None for no comparison.
        source: the source is wanted.
    """
    functions = None
    if source:
        at = _raised_at(debugger) if debugger.frame.failed else None
        functions = running_source(debugger.stack, debugger.frame, debugger.frames, raised_at=at)
    return Shown(compared(debugger, since), _unchanged(debugger), functions)


def _raised_at(debugger: Debugger) -> tuple[str, int] | None:
    """The file and the line where the sample failed."""
    if debugger.failure is None or debugger.failure.line is None or not isinstance(debugger.stack, HomeworkStack):
        return None
    return debugger.stack.homework.code.path, debugger.failure.line


def _unchanged(debugger: Debugger) -> tuple[float | None, int | None] | None:
    parent = debugger.branch.parent
    before = debugger.timeline.locate(parent, debugger.timeline.count) if parent and is_change(debugger) else None
    if before is None:
        return None
    try:
        frames = debugger.frames_at(before, debugger.timeline.count)
    except StudentError as error:
        frames = error.frames
    return loss_of(frames), says_of(frames)


def kind_of_scale(key: str) -> str:
    """Which tensors share a scale: activations, parameters, gradients of either, updates."""
    group = key.partition(".")[0]
    return {
        "before": "parameters",
        "after": "parameters",
        "input": "values",
        "output": "values",
        "target": "values",
        "details": "values",
        "state": "kept",
        "state_after": "kept",
    }.get(group, group if group in ("gradients", "update") else "dE")


def shared_scales(frames: Sequence[Frame]) -> dict[str, float]:
    """The largest absolute value of each kind of tensor in a sample's frames."""
    scales: dict[str, float] = {}
    for frame in frames:
        for tensor in tensors_of(frame):
            kind = kind_of_scale(tensor.key)
            scales[kind] = max(scales.get(kind, 0.0), largest(tensor.array))
    return scales
