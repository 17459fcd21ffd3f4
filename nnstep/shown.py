"""What the screen shows of a frame: which tensors, on which scale, compared with what. Nothing here needs a screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnstep.debugger import Debugger
from nnstep.errors import NnstepError
from nnstep.layers import Array
from nnstep.pictures import largest
from nnstep.references import difference
from nnstep.stepping import Frame
from nnstep.tensors import Tensor, tensors_of

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
    for tensor in tensors:
        try:
            found.append(Compared(tensor, *difference(debugger, tensor.key, since)))
        except NnstepError as error:
            found.append(Compared(tensor, why_not=error.message))
    return found


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
