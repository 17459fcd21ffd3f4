"""The timeline: a run that can be returned to at every sample that it has passed, bit for bit, and branch there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nnstep.branches import STEPS, Branch, Position, Stretch, mebibytes, path_of, size_of, thin
from nnstep.engines.base import Engine, Outcome, choose_engine
from nnstep.errors import NnstepError
from nnstep.history import History
from nnstep.network import epoch_order
from nnstep.samples import Samples
from nnstep.settings import Settings
from nnstep.stack import Parameters, Stack
from nnstep.stepping import run_steps

BUDGET = 256 * 2**20


class Timeline:
    """A run of training. It holds parameters at checkpoints, and replays what lies between them.

    Args:
        stack: what learns; it always has the parameters of the place where the timeline stands.
        samples: what it learns from.
        engine: what trains it from now on.
        settings: learning rate, batch size and order of the first branch.
        budget: bytes that all checkpoints may take together.

    Attributes:
        branches: all of them by name; the first one is `main`.
        branch: the one where the timeline stands.
        count: where it stands on it.

    Raises:
        NnstepError: the budget has no room for two checkpoints.
    """

    def __init__(
        self, stack: Stack, samples: Samples, engine: Engine, settings: Settings, budget: int = BUDGET
    ) -> None:
        stack.learn_parameters(samples.inputs(slice(0, 1), stack.dtype))
        self.stack, self.samples, self.engine = stack, samples, engine
        start = stack.snapshot()
        self.checkpoint_bytes = max(1, size_of(start))
        self.budget = budget
        self._check_budget(2)
        self._spacing = 1
        self._orders: dict[tuple[int, bool, int], NDArray[np.int64]] = {}
        self._engines = {engine.name: engine}
        self.branch = Branch("main", settings, None, 0, 0, 0, checkpoints={0: start})
        self.branches = {"main": self.branch}
        self.count = 0

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
        return self.checkpoint_bytes * sum(len(branch.checkpoints) for branch in self.branches.values())

    def position_of(self, count: int) -> Position:
        """The position that a count means."""
        return Position(count // len(self.samples) + 1, count % len(self.samples) + 1)

    def count_of(self, position: Position) -> int:
        """The count that a position means.

        Raises:
            NnstepError: there is no such sample in an epoch.
        """
        if position.epoch < 1 or not 1 <= position.sample <= len(self.samples):
            raise NnstepError(
                f"position {position}: expected an epoch from 1 and a sample from 1 to {len(self.samples)}"
            )
        return (position.epoch - 1) * len(self.samples) + position.sample - 1

    def row_at(self, count: int, branch: Branch | None = None) -> int:
        """Which row of the training set the sample at a count is, from 0."""
        order = self._order((branch or self.branch).settings, count // len(self.samples))
        return int(order[count % len(self.samples)])

    def train(self, limit: int) -> Outcome:
        """Trains at most `limit` samples (at least one batch) from the head on, to the end of the epoch at most.

        Where a loss is not finite, it is logged, its batch is not applied, and the branch is at its end.

        Raises:
            NnstepError: the timeline stands in the past, or the branch has diverged.
        """
        self._check_head()
        settings = self.branch.settings
        limit = max(limit // settings.batch_size, 1) * settings.batch_size
        stop = min(self.count + limit, self._epoch_end(self.count))
        outcome = self.engine.run(
            self.stack,
            self.samples,
            self._rows(self.branch, self.count, stop),
            settings.learning_rate,
            settings.batch_size,
        )
        self._record(outcome, self.engine.name, settings.batch_size)
        return outcome

    def stepped(self, loss: float, prediction: int) -> None:
        """Records that the sample at the head was stepped by hand to its end, which has changed the stack already."""
        self._check_head()
        self._record(Outcome(np.array([loss]), np.array([prediction], np.uint8)), STEPS, 1)

    def step_sample(self) -> None:
        """Steps the sample at the head by hand, from its first step to its last."""
        self._check_head()
        loss, prediction = self._run_steps(self.branch, self.count)
        self.stepped(loss, prediction)

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
        path = path_of(chosen)
        for index, part in enumerate(path):
            last = part.end if part is chosen else path[index - 1].origin
            if part.start <= count <= last:
                self.go_to(part, count)
                return self.stack.snapshot()
        ranges = " and ".join(
            f"{self.position_of(part.start)} to {self.position_of(part.end if part is chosen else path[i - 1].origin)}"
            for i, part in reversed(list(enumerate(path)))
        )
        raise NnstepError(f"position {position} is not in this run; '{chosen.name}' has {ranges}")

    def go_to(self, branch: Branch, count: int) -> None:
        """Goes to a count of a branch's own: restores the checkpoint before it, and replays from there."""
        known = sorted(branch.checkpoints)
        at = known[bisect_right(known, count) - 1]
        self.stack.restore(branch.checkpoints[at])
        while at < min(count, branch.head):
            at = self._replay(branch, at, count)
        self.branch, self.count = branch, count

    def go_to_head(self) -> None:
        """Goes where training of this branch goes on."""
        self.go_to(self.branch, self.branch.head)

    def fork(
        self,
        name: str | None = None,
        settings: Settings | None = None,
        change: Callable[[Stack], object] | None = None,
        start: int | None = None,
    ) -> Branch:
        """Leaves the branch where the timeline stands; what came after there is kept, and the new branch begins.

        Args:
            name: what to call it; a free one is found where none is given.
            settings: another learning rate, batch size or data order.
            change: is given the stack, and may change its parameters.
            start: go on at this count instead, leaving out the samples between.

        Raises:
            NnstepError: the name is taken, or there is no room for its checkpoint.
        """
        name = name or next(
            f"branch {n}" for n in range(1, len(self.branches) + 2) if f"branch {n}" not in self.branches
        )
        if name in self.branches:
            raise NnstepError(f"there is a branch '{name}' already", "Choose another name")
        self._check_budget(len(self.branches) + 1)
        start = self.count if start is None else start
        if change:
            change(self.stack)
        branch = Branch(name, settings or self.branch.settings, self.branch, self.count, start, start)
        branch.checkpoints[start] = self.stack.snapshot()
        self.branches[name] = branch
        self.branch, self.count = branch, start
        self._thin()
        return branch

    def adopt(self, branches: list[Branch]) -> None:
        """Takes branches that were saved in place of its own; it stands at the start of the first."""
        self._check_budget(len(branches) + 1)
        self.branches = {branch.name: branch for branch in branches}
        self.branch, self.count = branches[0], branches[0].start
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
            rows = self._rows(part, part.start, part.start + length)
            wrong.append(part.log.classes[:length] != self.samples.labels[rows])
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
        if branch.head - max(branch.checkpoints) >= self._spacing:
            branch.checkpoints[branch.head] = self.stack.snapshot()
            self._thin()

    def _replay(self, branch: Branch, at: int, count: int) -> int:
        """Runs from `at` towards `count`, as far as one engine and one epoch go; returns where it came."""
        index = bisect_right([stretch.start for stretch in branch.stretches], at) - 1
        stretch = branch.stretches[index]
        following = branch.stretches[index + 1].start if index + 1 < len(branch.stretches) else branch.head
        stop = min(count, following, self._epoch_end(at))
        if stretch.engine == STEPS:
            for number in range(at, stop):
                self._run_steps(branch, number)
            return stop
        settings = branch.settings
        whole = stop
        if stop not in (following, self._epoch_end(at)):
            whole -= (stop - at) % settings.batch_size
        rows = self._rows(branch, at, whole)
        if len(rows):
            engine = self._engine(stretch.engine)
            engine.run(self.stack, self.samples, rows, settings.learning_rate, settings.batch_size)
        return stop

    def _run_steps(self, branch: Branch, count: int) -> tuple[float, int]:
        row = self.row_at(count, branch)
        X = self.samples.inputs(slice(row, row + 1), self.stack.dtype)
        y = self.samples.targets(slice(row, row + 1), self.stack.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            frames = list(run_steps(self.stack, X, y, branch.settings.learning_rate))
        frame = frames[len(self.stack.layers)]
        assert frame.output is not None
        return float(frame.output), int(frame.input.argmax())

    def _engine(self, name: str) -> Engine:
        if name not in self._engines:
            self._engines[name] = choose_engine(name, self.stack)
        return self._engines[name]

    def _rows(self, branch: Branch, start: int, stop: int) -> NDArray[np.int64]:
        n, parts = len(self.samples), []
        while start < stop:
            end = min(stop, self._epoch_end(start))
            parts.append(self._order(branch.settings, start // n)[start % n : start % n + end - start])
            start = end
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def _order(self, settings: Settings, epoch: int) -> NDArray[np.int64]:
        """The order of an epoch, counted from 0; the one that was used last is kept."""
        key = (epoch if settings.shuffle else 0, settings.shuffle, settings.seed)
        if key not in self._orders:
            self._orders = {key: epoch_order(len(self.samples), epoch + 1, settings.shuffle, settings.seed)}
        return self._orders[key]

    def _epoch_end(self, count: int) -> int:
        return (count // len(self.samples) + 1) * len(self.samples)

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
                thin(branch.checkpoints, self._spacing)
