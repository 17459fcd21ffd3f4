"""What a tensor is compared with: itself one step, one sample or one epoch earlier, or before a change."""

from __future__ import annotations

import numpy as np

from nnstep.branches import Branch
from nnstep.debugger import Debugger
from nnstep.errors import NnstepError
from nnstep.layers import Array
from nnstep.network import epoch_order
from nnstep.stepping import Frame
from nnstep.tensors import tensor_of
from nnstep.trying import is_change

REFERENCES = ("step", "sample", "epoch", "change")


def reference_frame(debugger: Debugger, kind: str) -> Frame:
    """The frame that the current one is compared with.

    Args:
        debugger: where it stands.
        kind: step, sample, epoch or change.

    Raises:
        NnstepError: there is none, and why.
    """
    if kind == "step":
        if debugger.cursor == 0:
            raise NnstepError("This is the sample's first step")
        return debugger.frames[debugger.cursor - 1]
    branch, count = {"sample": _sample_before, "epoch": _epoch_before, "change": _unchanged}[kind](debugger)
    part = debugger.timeline.locate(branch, count)
    if part is None:
        raise NnstepError(f"The run has not passed {debugger.timeline.position_of(count)} there")
    return debugger.frames_at(part, count)[debugger.cursor]


def difference(debugger: Debugger, key: str, kind: str, reference: Frame | None = None) -> tuple[Array, Array]:
    """The tensor of then, and now − then, both of the tensor's own shape.

    Args:
        debugger: where it stands.
        key: which tensor.
        kind: step, sample, epoch or change.
        reference: the frame of then, where it is known already.

    Raises:
        NnstepError: there is no such tensor then, or it has another shape.
    """
    now, then = tensor_of(debugger.frame, key), tensor_of(reference or reference_frame(debugger, kind), key)
    if now is None or then is None or np.shape(now) != np.shape(then):
        raise NnstepError(f"One {kind} earlier there is no tensor of the same name and shape")
    with np.errstate(invalid="ignore"):
        return then, np.asarray(now - then)


def _sample_before(debugger: Debugger) -> tuple[Branch, int]:
    if debugger.timeline.locate(debugger.branch, debugger.timeline.count - 1) is None:
        raise NnstepError("There is no sample before this one")
    return debugger.branch, debugger.timeline.count - 1


def _epoch_before(debugger: Debugger) -> tuple[Branch, int]:
    epoch, settings = debugger.position.epoch - 1, debugger.branch.settings
    if epoch < 1:
        raise NnstepError("This is the first epoch")
    per_epoch = len(debugger.samples)
    order = epoch_order(per_epoch, epoch, settings.shuffle, settings.seed)
    return debugger.branch, (epoch - 1) * per_epoch + int(np.flatnonzero(order == debugger.digit)[0])


def _unchanged(debugger: Debugger) -> tuple[Branch, int]:
    branch = debugger.branch
    if branch.parent is None or not is_change(debugger):
        raise NnstepError("Nothing was changed here")
    return branch.parent, debugger.timeline.count
