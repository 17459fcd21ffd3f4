"""Watches a run while it trains: looks at the network now and then and at every loss, and raises alarms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nnstep.alarms import table
from nnstep.alarms.alarm import Alarm
from nnstep.alarms.findings import FINDERS, KEPT_LOOKS, KEPT_PARAMETERS, Finding
from nnstep.alarms.look import Look, look
from nnstep.alarms.losses import BLOCK, Losses, first_exploded
from nnstep.alarms.place import code_place
from nnstep.alarms.table import Rule
from nnstep.branches import Position
from nnstep.engines.base import Outcome
from nnstep.limits import CALM, LIMITS, Limits
from nnstep.samples import Samples
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.student_errors import GivenUp

DENSE_SAMPLES = 1_000
DENSE_SPACING = 50
WIDEST_SPACING = 25_000
CLEARING_HOLD = 8
PATIENCE = 5_000
OF_OUR_LAYERS = ("--init", "--layers", "--loss")


class Monitor:
    """Judges a run by the rules of `table.RULES`. It changes nothing of the run.

    Whoever trains asks it how far to train until its next look (`room`), lets it look, and hands it every outcome;
    `Trainer` does so.

    Args:
        stack: what learns.
        samples: what it learns from.
        limits: beyond which something is wrong.
        calm: within which it is right again.

    Attributes:
        alarms: all that were raised, in their order.
        trouble: why there are no looks at the network any more, empty while there are.
    """

    def __init__(self, stack: Stack, samples: Samples, limits: Limits = LIMITS, calm: Limits = CALM) -> None:
        self.stack, self.samples, self.limits, self.calm = stack, samples, limits, calm
        self.alarms: list[Alarm] = []
        self.trouble = ""
        self._at: tuple[str, int] | None = None

    def begin(self, settings: Settings, branch: str, count: int) -> None:
        """Says where training begins or goes on, and with what settings.

        Where that is not where it was left, it watches anew; the alarms are kept, and further on they still hold.
        """
        self.settings, self.branch = settings, branch
        if self._at == (branch, count):
            return
        if self._at is None or self._at[0] != branch or count < self._at[1]:
            self._active: dict[str, int] = {}
        self._at, self._start, self._next = (branch, count), count, count
        self._looks: list[Look] = []
        self._number = 0
        labels = np.bincount(self.samples.labels)
        self._losses = Losses(float(labels.max() / labels.sum()))
        self._in_a_row: dict[tuple[str, bool], int] = {}

    @property
    def active(self) -> list[Alarm]:
        """The alarms that still hold."""
        return [alarm for alarm in self.alarms if alarm.cleared is None]

    @property
    def cause(self) -> Alarm | None:
        """The first of the alarms that still hold, other than one of the loss."""
        return next((alarm for alarm in self.active if alarm.name != "loss"), None)

    def room(self, count: int) -> int:
        """How many samples, in whole batches, may be trained from a count on before the next look."""
        size = self.settings.batch_size
        return -(-max(self._next - count, 1) // size) * size

    def look(self, count: int, following: NDArray[np.int64]) -> None:
        """Looks at the network if it is time to.

        Args:
            count: how many samples of the run come before.
            following: the rows of the training set that come next, at least those of one update.
        """
        if count < self._next or self.trouble or not len(following):
            return
        self._judge_filled()
        rows = following[: self.settings.batch_size]
        try:
            seen = look(self.stack, self.samples, rows, self._number, count, self.settings.learning_rate)
        except GivenUp:
            raise  # who gives up a look does not want to see the same layer train
        except Exception as error:  # a student's layers may raise anything, and a trial run must not stop training
            self.trouble = f"{type(error).__name__}: {error}"
            return
        untrained = self._looks[0].untrained if self._looks else min(seen.loss, seen.loss_of_mean)
        updates = (count - self._start) // self.settings.batch_size
        self._looks = [*self._looks[1 - KEPT_LOOKS :], replace(seen, updates=updates, untrained=untrained)]
        if len(self._looks) > 1 + KEPT_PARAMETERS:
            self._looks[-2 - KEPT_PARAMETERS] = self._looks[-2 - KEPT_PARAMETERS].without_parameters()
        self._number += 1
        pending = [self._judge_look(rule, count) for rule, _ in FINDERS]
        self._next = count + self._spacing(count - self._start, any(pending))

    def feed(self, count: int, rows: NDArray[np.int64], outcome: Outcome) -> None:
        """Takes the losses and predictions of samples that were trained.

        Args:
            count: how many samples of the run come before them.
            rows: which rows of the training set they are.
            outcome: what the engine gave.
        """
        right = outcome.predictions == self.samples.labels[rows[: len(outcome.losses)]]
        self._losses.add(count, outcome.losses, right)
        end = count + len(outcome.losses)
        found = first_exploded(outcome.losses, self.limits)
        if found and table.LOSS_EXPLODED.id not in self._active:
            self._judge_filled(count + found[0], found[1])
        elif self._losses.waiting >= PATIENCE or end % len(self.samples) == 0:
            self._judge_filled()
        self._at = (self.branch, end)

    def _judge_filled(self, exploded_at: int | None = None, exploded: Finding | None = None) -> None:
        """Judges the blocks of losses that are full by now, and a loss that exploded in its place between them."""
        for block in self._losses.filled():
            if exploded and exploded_at is not None and exploded_at < block.start + BLOCK:
                self._raise(table.LOSS_EXPLODED, exploded, exploded_at)
                exploded = None
            self._losses.append(block)
            self._judge_losses(block.start + BLOCK, block.worst)
        if exploded and exploded_at is not None:
            self._raise(table.LOSS_EXPLODED, exploded, exploded_at)

    def _judge_look(self, rule: Rule, count: int) -> bool:
        finder = next(finder for known, finder in FINDERS if known is rule)
        active = rule.id in self._active
        found = finder(self._looks, self.calm if active else self.limits)
        return self._judge(rule, found, count, count)

    def _judge_losses(self, count: int, worst: int) -> None:
        if table.LOSS_EXPLODED.id in self._active:
            self._judge(table.LOSS_EXPLODED, self._losses.huge(self.calm), count, worst)
        for rule, finder in ((table.LOSS_RISING, self._losses.rising), (table.LOSS_STUCK, self._losses.stuck)):
            found = finder(self.calm if rule.id in self._active else self.limits)
            self._judge(rule, found, count, worst)

    def _judge(self, rule: Rule, found: Finding | None, count: int, place: int) -> bool:
        """Raises or clears an alarm once enough looks in a row agree; True where a few more are needed to raise it."""
        active = rule.id in self._active
        if not active and count - self._start < rule.warm_up:
            return False
        agrees = (found is None) if active else (found is not None)
        key = (rule.id, active)
        self._in_a_row[key] = self._in_a_row.get(key, 0) + 1 if agrees else 0
        hold = CLEARING_HOLD if active else 1 if count == self._start else rule.hold
        if self._in_a_row[key] < hold:
            return agrees and not active
        self._in_a_row[key] = 0
        if active:
            self._clear(rule, count)
        elif found is not None:
            self._raise(rule, found, place)
        return False

    def _raise(self, rule: Rule, found: Finding, count: int) -> None:
        layer, name = found.layer, "loss" if rule.phase == "loss" else "input"
        if layer is not None:
            name = self.stack.names[layer]
        place = code_place(self.stack, layer, rule.phase) if layer is not None or rule.phase == "loss" else None
        file, line = place or (None, None)
        alarm = Alarm(
            id=rule.id,
            title=rule.title,
            sentence=rule.sentence.format(name=found.what or name),
            evidence=found.evidence,
            advice=rule.advice,
            doubt=rule.doubt,
            source=rule.source,
            position=self._position(count),
            branch=self.branch,
            step=self._step(layer, rule.phase),
            layer=layer,
            name=name,
            file=file,
            line=line,
            option=self._option(found.option or rule.option),
            follows=next((cause for cause in rule.follows if cause in self._active), None),
            numbers=found.numbers,
        )
        self._active[rule.id] = len(self.alarms)
        self.alarms.append(alarm)

    def _clear(self, rule: Rule, count: int) -> None:
        index = self._active.pop(rule.id)
        self.alarms[index] = replace(self.alarms[index], cleared=self._position(count))

    def _step(self, layer: int | None, phase: str) -> int:
        """Which step of a sample, from 1: forward through each layer, the loss, its gradient, backward through each."""
        depth = len(self.stack.layers)
        if phase == "loss":
            return depth + 1
        if layer is None:
            return 1
        return layer + 1 if phase == "forward" else 2 * depth + 2 - layer

    def _option(self, name: str) -> str:
        if self.stack.keeper and name in OF_OUR_LAYERS:
            return ""  # a student's file says that itself
        return f"{name} {self.settings.learning_rate:g}" if name == "--learning-rate" else name

    def _position(self, count: int) -> Position:
        return Position(count // len(self.samples) + 1, count % len(self.samples) + 1)

    def _spacing(self, trained: int, pending: bool) -> int:
        """How many samples until the next look: few at first, and while a finding waits to be confirmed."""
        if trained < DENSE_SAMPLES:
            return min(max(1, trained // 4), DENSE_SPACING)
        return DENSE_SPACING if pending else min(trained // 6, WIDEST_SPACING)
