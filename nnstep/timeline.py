"""The timeline: a run that can be returned to at every sample that it has passed, bit for bit, and branch there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from nnstep.branches import (
    STEPS,
    Branch,
    Position,
    Stretch,
    checkpoint_before,
    mebibytes,
    path_of,
    replays,
    size_of,
    thin,
)
from nnstep.course import train_rows
from nnstep.edits import Edit
from nnstep.engines.base import Engine, Outcome
from nnstep.errors import NnstepError
from nnstep.history import History, Log
from nnstep.order import Order
from nnstep.replaying import Replayer
from nnstep.samples import Samples
from nnstep.settings import Settings
from nnstep.stack import Parameters, Stack
from nnstep.stepping import Frame, outcome_of

BUDGET = 256 * 2**20
LEAST_SPACING = 100
CLOSEST = 1000


class Timeline:
    """A run of training. It holds parameters at checkpoints, and replays what lies between them.

    Args:
        stack: what learns; it always has the parameters of the place where the timeline stands.
        samples: what it learns from.
        engine: what trains it from now on.
        settings: learning rate, batch size and order of the first branch.
        budget: bytes that all checkpoints may take together.
        start: the count at which the first branch begins, leaving out the samples before.

    Attributes:
        branches: all of them by name; the first one is `main`.
        branch: the one where the timeline stands.
        count: where it stands on it.
        order: which sample stands where.

    Raises:
        NnstepError: the budget has no room for two checkpoints.
    """

    def __init__(
        self,
        stack: Stack,
        samples: Samples,
        engine: Engine,
        settings: Settings,
        budget: int = BUDGET,
        start: int = 0,
    ) -> None:
        stack.learn_parameters(samples.inputs(slice(0, 1), stack.dtype))
        stack.use_rule(settings.rule)
        self.stack, self.samples, self.engine = stack, samples, engine
        self._first_stack, self._stacks = stack, dict[str, Stack]()
        initial = stack.snapshot()
        self.checkpoint_bytes = max(1, size_of(initial))
        self.budget = budget
        self._check_budget(2)
        self._spacing = 1
        self.order = Order(samples)
        self._replayer = Replayer(self.order, engine)
        self.branch = Branch("main", settings, None, start, start, start, checkpoints={start: initial}, changed=True)
        self.branches = {"main": self.branch}
        self.count = start

    @property
    def position(self) -> Position:
        """Where it stands."""
        return self.position_of(self.count)

    @property
    def at_head(self) -> bool:
        """It stands at the end of its branch, where training goes on."""
        return self.count == self.branch.head

    @property
    def checkpoints_bytes(self) -> int:
        """What all checkpoints take."""
        return sum(branch.checkpoints_bytes for branch in self.branches.values())

    def position_of(self, count: int) -> Position:
        """The position that a count means."""
        return self.order.position_of(count)

    def count_of(self, position: Position) -> int:
        """The count that a position means; an NnstepError where there is no such sample in an epoch."""
        return self.order.count_of(position)

    def row_at(self, count: int, branch: Branch | None = None) -> int:
        """Which row of the training set the sample at a count is, from 0."""
        return self.order.row((branch or self.branch).settings, count)

    def label_at(self, branch: Branch, count: int) -> int:
        """The class of the sample at a count, or the one that a change gave it."""
        return int(self.order.labels(branch, count, count + 1)[0])

    def train(self, limit: int) -> Outcome:
        """Trains at most `limit` samples (at least one batch) from the head on, to the end of the epoch at most.

        Where a loss is not finite, it is logged, its batch is not applied, and the branch is at its end.

        Raises:
            NnstepError: the timeline stands in the past, or the branch has diverged.
        """
        self._check_head()
        if self.branch.edit_at(self.count):
            return self.step_sample()
        settings = self.branch.settings
        limit = max(limit // settings.batch_size, 1) * settings.batch_size
        stop = min(self.count + limit, self.order.epoch_end(self.count))
        rows = self.order.rows(settings, self.count, stop)
        with self._as_before_an_error():
            outcome = train_rows(self.engine, self.stack, self.samples, rows, self.count, settings)
        self._record(outcome, self.engine.name, settings.batch_size)
        return outcome

    def stepped(self, loss: float, prediction: int) -> None:
        """Records that the sample at the head was stepped by hand to its end, which has changed the stack already."""
        self._check_head()
        self._record(Outcome(np.array([loss]), np.array([prediction], np.uint8)), STEPS, 1)

    def step_sample(self) -> Outcome:
        """Steps the sample at the head by hand, from its first step to its last."""
        self._check_head()
        with self._as_before_an_error():
            loss, prediction = outcome_of(self._replayer.steps(self.stack, self.branch, self.count))
        self.stepped(loss, prediction)
        return Outcome(np.array([loss]), np.array([prediction], np.uint8))

    def frames(self, further: int = 0) -> tuple[Frame, ...]:
        """All steps of the sample where the timeline stands, or of one further on, with the parameters of here.

        The stack is left as it is before them.
        """
        before = self.stack.snapshot()
        try:
            frames = self._replayer.steps(self.stack, self.branch, self.count + further, before)
        finally:
            self.stack.restore(before)
        if not further:
            self._replayer.check_frames(self.stack, self.branch, self.count, frames)
        return frames

    def frames_at(self, branch: Branch, count: int) -> tuple[Frame, ...]:
        """All steps of the sample at a count of a branch's own; the timeline stays where it is."""
        here, before = (self.branch, self.count), self.stack.snapshot()
        try:
            self.go_to(branch, count)
            frames = self._replayer.steps(self.stack, branch, count)
            self._replayer.check_frames(self.stack, branch, count, frames)
            return frames
        finally:
            self.put_back(*here, before)

    def visit(self, position: Position, branch: str | None = None) -> Parameters:
        """Goes to a position, and returns the parameters there, which the stack then has too.

        Within a batch they are those before the batch: a batch has one update.

        Args:
            position: which; every one from the start of the run to the end of the branch.
            branch: the name of another branch; a position from before it left its parent is the parent's.

        Raises:
            NnstepError: the branch is unknown, or has no such position.
        """
        chosen = self._find(branch) if branch else self.branch
        count = self.count_of(position)
        found = self.locate(chosen, count)
        if found:
            self.go_to(found, count)
            return self.stack.snapshot()
        path = path_of(chosen)
        ranges = " and ".join(
            f"{self.position_of(part.start)} to {self.position_of(part.end if part is chosen else path[i - 1].origin)}"
            for i, part in reversed(list(enumerate(path)))
        )
        raise NnstepError(f"position {position} is not in this run; '{chosen.name}' has {ranges}")

    def locate(self, branch: Branch, count: int) -> Branch | None:
        """Which branch on the way to the end of this one has a count: itself, its parent, and so on; or None."""
        last = branch.end
        for part in path_of(branch):
            if part.start <= count <= last:
                return part
            last = part.origin
        return None

    def go_to(self, branch: Branch, count: int) -> None:
        """Goes to a count of a branch's own: restores the checkpoint before it, and replays from there.

        Where the branch has none before it, the replay begins in the branch that it left.
        """
        with self._as_before_an_error():
            self._go_to(branch, count)

    def _go_to(self, branch: Branch, count: int) -> None:
        self.stack = self._stack_of(branch)
        legs = [(branch, count)]
        while checkpoint_before(*legs[-1]) is None:
            left = legs[-1][0]
            assert left.parent is not None
            legs.append((left.parent, left.origin))
        for part, goal in reversed(legs):
            self.stack.use_rule(part.settings.rule)
            at = checkpoint_before(part, goal)
            if at is None:
                at = part.start
            else:
                self.stack.restore(part.checkpoints[at])
            self._replay_all(part, at, goal)
        self.branch, self.count = branch, count

    def put_back(self, branch: Branch, count: int, parameters: Parameters) -> None:
        """Stands at a count of a branch's own again, with a snapshot that was taken there: nothing is run for it."""
        self.stack = self._stack_of(branch)
        self.stack.use_rule(branch.settings.rule)
        self.stack.restore(parameters)
        self.branch, self.count = branch, count

    @contextmanager
    def _as_before_an_error(self) -> Iterator[None]:
        """Where students' code fails, the stack is put back: it may have changed a part of it, which others do not."""
        before = self.stack.snapshot() if self.stack.keeper else None
        try:
            yield
        except NnstepError:
            if before:
                self.put_back(self.branch, self.count, before)
            raise

    def advance(self) -> None:
        """Goes one sample on in the past of a branch: what `go_to` does, without a checkpoint where that works."""
        if self.branch.settings.batch_size == 1 and self.count < self.branch.head:
            with self._as_before_an_error():
                self._replayer.run(self.stack, self.branch, self.count, self.count + 1)
            self.count += 1
        else:
            self.go_to(self.branch, self.count + 1)

    def walk(self, branch: Branch, start: int, stop: int) -> Iterator[tuple[Frame, ...]]:
        """Goes along recorded samples of a branch's own, from `start` on, before `stop`; yields each one's frames."""
        self.go_to(branch, start)
        for count in range(start, stop):
            if count > start:
                self.advance()
            yield self.frames()

    def index(self) -> int:
        """How many samples were trained on the way from the run's start to here: the index in its history."""
        here = self.count - self.branch.start
        path = path_of(self.branch)
        return here + sum(child.origin - part.start for child, part in zip(path, path[1:], strict=False))

    def place_at(self, index: int) -> tuple[Branch, int]:
        """The branch and the count of an index in the history of the present branch."""
        path = path_of(self.branch)[::-1]
        for part, child in zip(path, path[1:], strict=False):
            if index < child.origin - part.start:
                return part, part.start + index
            index -= child.origin - part.start
        return self.branch, self.branch.start + index

    def go_to_head(self) -> None:
        """Goes where training of this branch goes on."""
        self.go_to(self.branch, self.branch.head)

    def fork(
        self,
        name: str | None = None,
        settings: Settings | None = None,
        change: Callable[[Stack], object] | None = None,
        start: int | None = None,
        edit: Edit | None = None,
    ) -> Branch:
        """Leaves the branch where the timeline stands; what came after there is kept, and the new branch begins.

        Args:
            name: what to call it; a free one is found where none is given.
            settings: another learning rate, batch size or data order.
            change: is given the stack, and may change its parameters.
            start: go on at this count instead, leaving out the samples between.
            edit: what to change of the sample there.

        Raises:
            NnstepError: the name is taken, or there is no room for its checkpoint.
        """
        name = name or next(
            f"branch {n}" for n in range(1, len(self.branches) + 2) if f"branch {n}" not in self.branches
        )
        if name in self.branches:
            raise NnstepError(f"there is a branch '{name}' already", "Choose another name")
        start = self.count if start is None else start
        changed = change is not None
        branch = Branch(
            name, settings or self.branch.settings, self.branch, self.count, start, start, changed=changed, edit=edit
        )
        if change:
            self._check_budget(1 + sum(other.changed for other in self.branches.values()))
        self.stack.use_rule(branch.settings.rule)
        if change:
            change(self.stack)
            branch.checkpoints[start] = self.stack.snapshot()
        self.branches[name] = branch
        self.branch, self.count = branch, start
        self._thin()
        return branch

    def change_code(self, name: str, stack: Stack) -> Branch:
        """Begins a branch here on which other layers go on, from the parameters of here.

        Args:
            name: what to call it.
            stack: the other layers, with parameters of the same names and shapes.
        """
        settings = self.branch.settings
        self._check_budget(1 + sum(other.changed for other in self.branches.values()))
        start = self.count
        branch = Branch(name, settings, self.branch, start, start, start, changed=True)
        stack.use_rule(settings.rule)
        stack.take_over(self.stack)
        branch.checkpoints[start] = stack.snapshot()
        self.branches[name], self._stacks[name] = branch, stack
        self.branch, self.stack = branch, stack
        self._thin()
        return branch

    def _stack_of(self, branch: Branch) -> Stack:
        """The layers that a branch was trained with."""
        for part in path_of(branch):
            if part.name in self._stacks:
                return self._stacks[part.name]
        return self._first_stack

    def drop(self, branch: Branch) -> None:
        """Forgets a branch that no other one left; where the timeline stands on it, it goes back to where it left.

        Raises:
            NnstepError: it is the first branch, or another one left it.
        """
        if branch.parent is None or any(other.parent is branch for other in self.branches.values()):
            raise NnstepError(f"'{branch.name}' cannot be forgotten: other branches begin on it")
        if self.branch is branch:
            self.go_to(branch.parent, branch.origin)
        del self.branches[branch.name]
        self._stacks.pop(branch.name, None)

    def cut(self, count: int) -> None:
        """Forgets what the branch was trained beyond a count, at which it must be between two batches."""
        branch = self.branch
        branch.log = Log(branch.log.losses[: count - branch.start], branch.log.classes[: count - branch.start])
        branch.checkpoints = {at: kept for at, kept in branch.checkpoints.items() if at <= count}
        branch.stretches = [stretch for stretch in branch.stretches if stretch.start < count]
        branch.scores = {at: score for at, score in branch.scores.items() if at <= count}
        branch.pulse.cut(count)
        branch.head = count
        self.go_to(branch, count)

    def adopt(self, branches: list[Branch]) -> None:
        """Takes branches that were saved in place of its own; it stands at the start of the first."""
        self._check_budget(1 + sum(branch.changed for branch in branches))
        self.branches = {branch.name: branch for branch in branches}
        self.go_to(branches[0], branches[0].start)
        self._thin()

    def history(self, branch: str | None = None) -> History:
        """Every sample on the way to the end of a branch, its parents' included."""
        counts, losses, wrong = [], [], []
        chosen = self._find(branch) if branch else self.branch
        path = path_of(chosen)
        for index, part in enumerate(path):
            stop = part.start + len(part.log) if part is chosen else path[index - 1].origin
            length = max(0, stop - part.start)
            counts.append(np.arange(part.start, part.start + length))
            losses.append(part.log.losses[:length])
            wrong.append(part.log.classes[:length] != self.order.labels(part, part.start, part.start + length))
        return History(
            np.concatenate(counts[::-1]), np.concatenate(losses[::-1]), np.concatenate(wrong[::-1]), len(self.samples)
        )

    def _find(self, name: str) -> Branch:
        if name not in self.branches:
            raise NnstepError(f"there is no branch '{name}'", f"There are: {', '.join(self.branches)}")
        return self.branches[name]

    def _check_head(self) -> None:
        if self.branch.diverged:
            raise NnstepError(f"'{self.branch.name}' has diverged: it cannot be trained on", "Fork before that")
        if not self.at_head:
            raise NnstepError(
                f"{self.position} is in the past of '{self.branch.name}', which goes to "
                f"{self.position_of(self.branch.head)}",
                "Fork here, or go to the head",
            )

    def _record(self, outcome: Outcome, engine: str, batch_size: int) -> None:
        branch, done = self.branch, len(outcome.losses)
        if not branch.stretches or branch.stretches[-1].engine != engine:
            branch.stretches.append(Stretch(branch.head, engine))
        branch.log.append(outcome.losses, outcome.predictions)
        branch.head += (done - 1) // batch_size * batch_size if outcome.diverged else done
        self.count = branch.head
        spacing = max(self._spacing, LEAST_SPACING)
        if replays(branch, branch.head) >= spacing:
            branch.checkpoints[branch.head] = self.stack.snapshot()
            self._thin()

    def _replay_all(self, branch: Branch, at: int, goal: int) -> None:
        """Runs from `at` to `goal`; on a long way it leaves checkpoints where the budget has room.

        A run from a file has few of them, and so gets back those that the file had no room for.
        """
        goal = min(goal, branch.head)
        trained = sum(len(other.log) for other in self.branches.values())
        leap = max(CLOSEST, trained * self.checkpoint_bytes // self.budget)
        if branch.settings.batch_size > 1:
            leap = goal  # within a batch there are no parameters to keep
        while at < goal:
            began = at
            while at < min(goal, began + leap):
                at = self._replayer.run(self.stack, branch, at, min(goal, began + leap))
            if at < goal and self.checkpoints_bytes + self.checkpoint_bytes <= self.budget:
                branch.checkpoints.setdefault(at, self.stack.snapshot())

    def _check_budget(self, checkpoints: int) -> None:
        needed = checkpoints * self.checkpoint_bytes
        if self.budget < needed:
            raise NnstepError(
                f"a budget of {mebibytes(self.budget)} is too small for the timeline: "
                f"{checkpoints} checkpoints of this network need {mebibytes(needed)}"
            )

    def _thin(self) -> None:
        """Doubles the least distance of checkpoints until they fit into the budget; each branch keeps its first."""
        while self.checkpoints_bytes > self.budget:
            self._spacing = self._spacing * 2
            for branch in self.branches.values():
                thin(branch, branch.checkpoints, self._spacing)
