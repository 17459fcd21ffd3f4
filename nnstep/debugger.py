"""The debugger without a screen: where it stands on the timeline, the frames there, and the moves."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from nnstep.alarms.alarm import Alarm
from nnstep.branches import Branch, Position, free_name
from nnstep.breakpoints import Breakpoints
from nnstep.errors import NnstepError
from nnstep.layers import Array
from nnstep.moments import moments_at
from nnstep.network import epoch_order
from nnstep.stack import Parameters, Stack
from nnstep.stepping import Frame, loss_of, outcome_of, says_of, snapshot_after, snapshot_before
from nnstep.student_errors import StudentError
from nnstep.timeline import Timeline
from nnstep.watches import Watches

KEPT_SAMPLES = 6


class Debugger:
    """Steps one sample at a time along a timeline, forward and back in time.

    The frames of a sample are recorded when it is entered; moving within it is moving a cursor. Moves past its
    ends move the timeline: at its head the sample is trained by its own steps, in the past it is replayed.

    Args:
        timeline: the run; it learns when the debugger steps beyond its head.
        breakpoints: where to stop.
        watches: which numbers to follow.
        alarms: what was found to be wrong in the run.

    Attributes:
        frames: all steps of the current sample.
        moments: the same for conditions, with what is known at each step.
        digit: the row of the current sample in the training set, from 0.
        cursor: which step is shown, from 0.
        failure: what a student's code raised in the sample's last frame; None where the sample runs to its end.
    """

    def __init__(
        self,
        timeline: Timeline,
        breakpoints: Breakpoints | None = None,
        watches: Watches | None = None,
        alarms: list[Alarm] | None = None,
    ) -> None:
        self.timeline = timeline
        self.breakpoints = breakpoints or Breakpoints()
        self.watches = watches or Watches()
        self.alarms = [] if alarms is None else alarms
        self.samples = timeline.samples
        self._kept: OrderedDict[tuple[Branch, int], tuple[Frame, ...]] = OrderedDict()
        self._left_at: dict[Branch, tuple[int, int]] = {}
        self.frames: tuple[Frame, ...] = ()
        self.failure: StudentError | None = None
        self._entered: tuple[Branch, int] | None = None
        self._parameters: Parameters | None = None
        self.enter()

    @property
    def stack(self) -> Stack:
        """The layers, as their code was on the branch where it stands."""
        return self.timeline.stack

    @property
    def frame(self) -> Frame:
        """The step where the debugger stands."""
        return self.frames[self.cursor]

    @property
    def position(self) -> Position:
        """Epoch and sample, both from 1."""
        return self.timeline.position

    @property
    def branch(self) -> Branch:
        """The branch where it stands."""
        return self.timeline.branch

    @property
    def label(self) -> int:
        """The class that the current sample has, or was given by a change."""
        return self.timeline.label_at(self.branch, self.timeline.count)

    @property
    def outputs(self) -> Array | None:
        """ŷ (1, outputs) of the current sample; None where it failed before."""
        last = len(self.stack.layers) - 1
        return self.frames[last].output if last < len(self.frames) else None

    @property
    def says(self) -> int | None:
        """The class that the network says, by its largest output; None where it failed before."""
        return says_of(self.frames)

    @property
    def loss(self) -> float | None:
        """E of the current sample; None where it failed before."""
        return loss_of(self.frames)

    @property
    def parameters_after(self) -> Parameters:
        """The parameters after the current sample's last step."""
        return snapshot_after(self.frames)

    @property
    def at_end(self) -> bool:
        """It stands on the last step of the sample."""
        return self.cursor == len(self.frames) - 1

    def enter(self, cursor: int = 0) -> None:
        """Takes the frames of the sample where the timeline stands, and shows one of them.

        Where a student's layer raises in this sample, it stands on the step that failed, with those before it.

        Raises:
            NnstepError: the sample cannot be come to; then it stands where it stood before.
        """
        try:
            self._enter(cursor)
        except NnstepError:
            self.come_back()
            raise
        self._entered = (self.branch, self.timeline.count)
        self._parameters = self.stack.snapshot() if self.stack.keeper else None

    def come_back(self) -> None:
        """Back to the sample that is shown, where a move failed on its way; a student's code does not run for that."""
        if self._entered and self._parameters is not None:
            self.timeline.put_back(*self._entered, self._parameters)
        elif self._entered and self._entered != (self.branch, self.timeline.count):
            self.timeline.go_to(*self._entered)

    def _enter(self, cursor: int) -> None:
        failure = None
        try:
            frames = self.frames_at(self.branch, self.timeline.count)
        except StudentError as error:
            if not error.frames:
                raise
            frames, failure = error.frames, error
            cursor = len(frames) - 1
        self.failure = failure
        self.frames, self.digit = frames, self.timeline.row_at(self.timeline.count)
        self.moments = moments_at(self.timeline, self.branch, self.timeline.count, self.frames)
        self.watch_again()
        self.cursor = min(cursor, len(self.frames) - 1)

    def watch_again(self) -> None:
        """Takes the values of the watches here, where they are others than when it came here."""
        self.watches.record(self.branch.name, self.timeline.count, self.moments)

    def frames_at(self, branch: Branch, count: int) -> tuple[Frame, ...]:
        """All steps of a sample of a branch's own; the last few that were asked for are kept."""
        key = (branch, count)
        if key not in self._kept:
            here = branch is self.branch and count == self.timeline.count
            self._kept[key] = self.timeline.frames() if here else self.timeline.frames_at(branch, count)
            while len(self._kept) > KEPT_SAMPLES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def step(self) -> None:
        """One step on; after the last one, the next sample begins."""
        if not self.at_end:
            self.cursor += 1
        else:
            self.next_sample()

    def step_back(self) -> None:
        """One step back, into the sample before where this one began.

        Raises:
            NnstepError: this is the first step of the run.
        """
        if self.cursor > 0:
            self.cursor -= 1
            return
        began = self._began_here()
        self.previous_sample()
        if not began:
            self.cursor = len(self.frames) - 1

    def finish_pass(self) -> None:
        """To the end of the pass: of forward (the last layer's), or of backward (the end of the sample)."""
        middle, last = len(self.stack.layers) - 1, len(self.frames) - 1
        self.cursor = min(middle, last) if self.cursor < middle else last

    def start_of_pass(self) -> None:
        """Back to where the pass began: of backward (the loss), or of forward (the start of the sample)."""
        middle = len(self.stack.layers)
        self.cursor = middle if self.cursor > middle else 0

    def run_to_layer(self, layer: int) -> None:
        """On to the next step that this layer (from 0) runs, in the next sample where none is left in this one."""
        if not 0 <= layer < len(self.stack.layers):
            raise NnstepError(f"layer expected from 1 to {len(self.stack.layers)}, received {layer + 1}")
        for frame in self.frames[self.cursor + 1 :]:
            if frame.step.layer == layer:
                self.cursor = frame.step.index
                return
        self.next_sample()
        self.cursor = min(layer, len(self.frames) - 1)

    def next_sample(self) -> None:
        """Runs this sample to its end, and enters the next one, of the next epoch after the last.

        Raises:
            NnstepError: the loss is NaN or infinite here, so there is nothing after it.
        """
        timeline = self.timeline
        if not timeline.at_head and timeline.count < timeline.branch.end:
            timeline.advance()
        else:
            self._train_by_steps()
        self.enter()

    def previous_sample(self) -> None:
        """Back to the sample before, with the parameters of then; at the start of a branch to where it was left.

        Raises:
            NnstepError: this is the first sample of the run.
        """
        timeline = self.timeline
        if not self._began_here():
            timeline.go_to(timeline.branch, timeline.count - 1)
            self.enter()
            return
        branch = timeline.branch
        if branch.parent is None:
            raise NnstepError("This is where the run begins: there is nothing before it")
        count, cursor = self._left_at.get(branch, (branch.origin, 0))
        self._go_to_count(branch.parent, count)
        self._forget_jump(branch)
        self.enter(cursor)

    def go_to(self, position: Position, step: int = 1, branch: str | None = None) -> None:
        """Goes to any position that the run has passed, at a step of it.

        Args:
            position: which sample of which epoch.
            step: which of its steps, from 1.
            branch: of which branch; where none is given, of the one where it stands.

        Raises:
            NnstepError: the run has no such position, or the sample no such step.
        """
        if not 1 <= step <= self.frame.count:
            raise NnstepError(f"step expected from 1 to {self.frame.count}, received {step}")
        self.timeline.visit(position, branch)
        self.enter(step - 1)

    def go_to_alarm(self, alarm: Alarm) -> None:
        """Goes to the sample and step that an alarm is about, with the weights of then.

        Raises:
            NnstepError: the run does not have that branch or position any more.
        """
        self.go_to(alarm.position, alarm.step, alarm.branch)

    def go_to_index(self, index: int, cursor: int = 0) -> None:
        """Goes to a sample by its index in the history of the present branch, and a step of it (from 0)."""
        self.timeline.go_to(*self.timeline.place_at(index))
        self.enter(cursor)

    def restart(self) -> None:
        """Back to the start of the run, with the weights it began with."""
        first = next(iter(self.timeline.branches.values()))
        self.timeline.go_to(first, first.start)
        self.enter()

    def go_to_digit(self, digit: int) -> None:
        """Takes another digit, with the parameters of now, on a branch of its own; those between are not trained.

        Args:
            digit: its row in the training set, from 0.

        Raises:
            NnstepError: there is no such digit.
        """
        last = len(self.samples) - 1
        if not 0 <= digit <= last:
            raise NnstepError(f"digit number expected from 0 to {last:,}, received {digit:,}")
        left_at = (self.timeline.count, self.cursor)
        if self.at_end and not self.failure:
            self.next_sample()
        branch = self.branch
        if self._is_jump(branch):
            left_at = self._left_at.get(branch, (branch.origin, 0))
            self.timeline.drop(branch)
        settings, epoch = self.branch.settings, self.position.epoch
        order = epoch_order(len(self.samples), epoch, settings.shuffle, settings.seed)
        count = self.timeline.count_of(Position(epoch, int(np.flatnonzero(order == digit)[0]) + 1))
        if count != self.timeline.count:
            self.branch_off(f"digit {digit}", left_at, start=count)
        self.enter()

    def start_training(self) -> None:
        """Makes the timeline ready to be trained: goes to its head.

        A sample that was stepped to its end is done; one that was not is trained whole.
        """
        if self.timeline.at_head and self.at_end and not self.failure:
            self._train_by_steps()
        elif not self.timeline.at_head:
            self.timeline.go_to_head()
        self.enter()

    def branch_off(self, name: str, left_at: tuple[int, int] | None = None, **options: object) -> Branch:
        """Begins a branch here, called `name` or, where there is one already, `name (2)`; see `Timeline.fork`.

        Args:
            name: what to call it.
            left_at: count and cursor to come back to; those of now where none are given.
            options: as `Timeline.fork` takes them.
        """
        here = left_at or (self.timeline.count, self.cursor)
        branch = self.timeline.fork(free_name(self.timeline.branches, name), **options)  # type: ignore[arg-type]
        self._left_at[branch] = here
        return branch

    def change_code(self, stack: Stack, name: str) -> None:
        """Goes on here with other layers, that have parameters of the same names and shapes, on a branch of their own.

        Raises:
            NnstepError: the new layers cannot run the sample here, which the old ones can; then all is as it was.
        """
        timeline, cursor, failed = self.timeline, self.cursor, self.failure is not None
        before = timeline.branch, timeline.count, timeline.stack.snapshot()
        branch = timeline.change_code(free_name(timeline.branches, name), stack)
        try:
            self.enter(cursor)
            if self.failure and not failed:
                raise self.failure
        except NnstepError:
            timeline.put_back(*before)
            timeline.drop(branch)
            self._entered = self._parameters = None
            self.enter(cursor)
            raise

    def leave(self, branch: Branch) -> None:
        """Goes back to where the current branch was left for, and forgets the branch if nothing was trained on it."""
        assert branch.parent is not None
        count, cursor = self._left_at.get(branch, (branch.origin, 0))
        self._go_to_count(branch.parent, count)
        if branch.head == branch.start and not any(b.parent is branch for b in self.timeline.branches.values()):
            self.timeline.drop(branch)
        self.enter(cursor)

    def _train_by_steps(self) -> None:
        if self.failure:
            self.enter(self.cursor)  # it may run to its end this time: a call that was given up is tried again
            if self.failure:
                raise self.failure
        loss, says = outcome_of(self.frames)
        if self.stack.keeper and np.isfinite(loss):
            with self.stack.unheard():  # it ran when it was entered
                self.timeline.step_sample()
            return
        self.stack.restore(self.parameters_after)
        if not self.branch.diverged:
            self.timeline.stepped(loss, says)
        if not np.isfinite(loss):
            self.stack.restore(snapshot_before(self.frames))
            raise NnstepError("The error is NaN or infinite here: nothing can be learned after it", "Go back")

    def _began_here(self) -> bool:
        return self.timeline.count == self.branch.start

    def _go_to_count(self, branch: Branch, count: int) -> None:
        part = self.timeline.locate(branch, count) or branch
        self.timeline.go_to(part, count)

    def _is_jump(self, branch: Branch) -> bool:
        """It only took another digit, and nothing happened on it since."""
        pure = branch.parent is not None and not branch.changed and not branch.edit and not len(branch.log)
        if not pure or branch.parent is None or branch.settings != branch.parent.settings:
            return False
        return not any(other.parent is branch for other in self.timeline.branches.values())

    def _forget_jump(self, branch: Branch) -> None:
        if self._is_jump(branch):
            self.timeline.drop(branch)
