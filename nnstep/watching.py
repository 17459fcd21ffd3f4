"""Training that stops where a breakpoint condition holds: `nnstep train --watch`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nnstep.breakpoints import Breakpoint, Breakpoints, parse_breakpoint
from nnstep.engines.base import Outcome
from nnstep.lookout import logged_hits
from nnstep.moments import moments_at
from nnstep.stepping import Frame, Step
from nnstep.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Stop:
    """Where training stopped.

    Attributes:
        epoch, sample: the position, both from 1.
        step: the first step at which the condition holds.
        steps: how many the sample has.
        branch: the name of the branch.
        condition: which one, as it can be written.
    """

    epoch: int
    sample: int
    step: Step
    steps: int
    branch: str
    condition: str

    def __str__(self) -> str:
        number = f"step {self.step.index + 1} of {self.steps}"
        what = self.step.phase if self.step.layer is None else f"{self.step.phase} of {self.step.name}"
        return f"Stopped at {self.epoch}.{self.sample}, {number} ({what}): {self.condition}"

    def as_json(self) -> dict[str, Any]:
        """JSON's own types; the step counts from 1, as on the screen."""
        return {
            "epoch": self.epoch,
            "sample": self.sample,
            "step": self.step.index + 1,
            "branch": self.branch,
            "condition": self.condition,
        }


def read_conditions(texts: Sequence[str], timeline: Timeline) -> Breakpoints:
    """Breakpoints from what a person wrote; see `parse_breakpoint`.

    Raises:
        NnstepError: one cannot be understood.
    """
    stack = timeline.stack
    parameters = {name for index in range(len(stack.layers)) for name in stack.parameters_of(index)}
    return Breakpoints([parse_breakpoint(text, stack.names, parameters) for text in texts])


def stop_at(timeline: Timeline, breakpoints: Breakpoints, count: int) -> Stop:
    """Goes to the sample that a lookout has hit, so that the stack has the weights before it, and names the step."""
    timeline.go_to(timeline.branch, count)
    moments = moments_at(timeline, timeline.branch, count, timeline.frames())
    for moment in moments:
        found = breakpoints.hit(moment)
        if found:
            return _stop(timeline, moment.frame, found)
    # The engine's loss may differ in its last digit from that of the steps, and so lie on the other side of a bound.
    loss = moments[len(timeline.stack.layers)].frame
    return _stop(timeline, loss, next(one for one in breakpoints if _logged_there(timeline, one, count)))


def _stop(timeline: Timeline, frame: Frame, found: Breakpoint) -> Stop:
    position = timeline.position
    return Stop(position.epoch, position.sample, frame.step, frame.count, timeline.branch.name, found.text)


def _logged_there(timeline: Timeline, breakpoint: Breakpoint, count: int) -> bool:
    branch, index = timeline.branch, count - timeline.branch.start
    logged = Outcome(branch.log.losses[index : index + 1], branch.log.classes[index : index + 1])
    return bool(logged_hits(timeline, branch, Breakpoints([breakpoint]), count, logged).any())
