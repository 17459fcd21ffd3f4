"""Which sample stands where in a run: counts, positions, and rows of the training set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnstep.branches import Branch, Position
from nnstep.errors import NnstepError
from nnstep.network import epoch_order
from nnstep.samples import Samples
from nnstep.settings import Settings


class Order:
    """The samples of all epochs one after the other; a count says how many of them come before.

    Args:
        samples: the training set.
    """

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        self._known: dict[tuple[int, bool, int], NDArray[np.int64]] = {}

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

    def epoch_end(self, count: int) -> int:
        """The count at which the epoch of a count ends."""
        return (count // len(self.samples) + 1) * len(self.samples)

    def row(self, settings: Settings, count: int) -> int:
        """Which row of the training set the sample at a count is, from 0."""
        return int(self._epoch(settings, count // len(self.samples))[count % len(self.samples)])

    def rows(self, settings: Settings, start: int, stop: int) -> NDArray[np.int64]:
        """(stop − start,) the rows of the samples from one count up to another."""
        n, parts = len(self.samples), []
        while start < stop:
            end = min(stop, self.epoch_end(start))
            parts.append(self._epoch(settings, start // n)[start % n : start % n + end - start])
            start = end
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def labels(self, branch: Branch, start: int, stop: int) -> NDArray[np.uint8]:
        """(stop − start,) the classes of samples of a branch's own, or those that a change gave them."""
        if branch.settings.shuffle:
            labels = self.samples.labels[self.rows(branch.settings, start, stop)]
        else:  # a few copies of all of them: much quicker than row by row
            labels = np.resize(np.roll(self.samples.labels, -(start % len(self.samples))), max(0, stop - start))
        edit = branch.edit_at(start)
        if edit and edit.label is not None and len(labels):
            labels[0] = edit.label
        return labels

    def _epoch(self, settings: Settings, epoch: int) -> NDArray[np.int64]:
        """The order of an epoch, counted from 0; the one that was used last is kept."""
        key = (epoch if settings.shuffle else 0, settings.shuffle, settings.seed)
        if key not in self._known:
            self._known = {key: epoch_order(len(self.samples), epoch + 1, settings.shuffle, settings.seed)}
        return self._known[key]
