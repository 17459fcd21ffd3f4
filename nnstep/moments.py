"""What conditions and watches can look at, step by step: a frame, and what is known of its sample by then."""

from __future__ import annotations

from collections.abc import Sequence

from nnstep.branches import Branch
from nnstep.expressions import Moment
from nnstep.stepping import Frame, loss_of, says_of
from nnstep.timeline import Timeline


def moments_at(timeline: Timeline, branch: Branch, count: int, frames: Sequence[Frame]) -> tuple[Moment, ...]:
    """A moment for each of a sample's frames: the outputs are known after the last layer, the loss from its step on."""
    loss, says = loss_of(frames), says_of(frames)
    layers = len(timeline.stack.layers)
    position, label = timeline.position_of(count), timeline.label_at(branch, count)
    return tuple(
        Moment(
            frame,
            label,
            says if frame.step.index >= layers - 1 else None,
            loss if frame.step.index >= layers else None,
            position.epoch,
            position.sample,
        )
        for frame in frames
    )
