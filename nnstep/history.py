"""What happened to each sample of a run: its loss and predicted class, and look-ups on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstep import spikes
from nnstep.rolling import rolling_sum


class Log:
    """Losses and predicted classes that grow at the end: 9 bytes a sample, and as much room again at most."""

    def __init__(self, losses: NDArray[np.float64] | None = None, classes: NDArray[np.uint8] | None = None) -> None:
        self._losses = np.zeros(0) if losses is None else np.array(losses, np.float64)
        self._classes = np.zeros(0, np.uint8) if classes is None else np.array(classes, np.uint8)
        self._length = len(self._losses)

    def __len__(self) -> int:
        return self._length

    @property
    def losses(self) -> NDArray[np.float64]:
        """(samples,) each sample's loss, before the update that it caused."""
        length = self._length  # before the array: another thread may put a longer one there
        return self._losses[:length]

    @property
    def classes(self) -> NDArray[np.uint8]:
        """(samples,) each sample's predicted class."""
        length = self._length
        return self._classes[:length]

    def shared(self) -> Log:
        """The log as it is now, without copying it: what is added to this one later is not in it."""
        log = Log.__new__(Log)
        log._length = self._length
        log._losses, log._classes = self._losses, self._classes
        return log

    def append(self, losses: NDArray[np.float64], classes: NDArray[np.uint8]) -> None:
        """Adds samples at the end."""
        end = self._length + len(losses)
        if end > len(self._losses):
            room = max(end, 2 * len(self._losses), 1024)
            self._losses = np.concatenate([self.losses, np.zeros(room - self._length)])
            self._classes = np.concatenate([self.classes, np.zeros(room - self._length, np.uint8)])
        self._losses[self._length : end] = losses
        self._classes[self._length : end] = classes
        self._length = end


@dataclass(frozen=True, eq=False, slots=True)
class History:
    """Every sample on the way to the end of a branch, in the order of training.

    Attributes:
        counts: (n,) where in the run each sample is: how many samples of whole epochs and of its own come before it.
        losses: (n,) each one's loss.
        wrong: (n,) where the predicted class was not the label.
        per_epoch: how many samples an epoch has.
    """

    counts: NDArray[np.int64]
    losses: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    per_epoch: int

    def next_wrong(self, index: int) -> int | None:
        """The first sample after `index` that was classified wrongly, as an index; None where there is none."""
        return _first(self.wrong, index)

    def previous_wrong(self, index: int) -> int | None:
        """The last sample before `index` that was classified wrongly."""
        return _last(self.wrong, index)

    def next_above(self, loss: float, index: int) -> int | None:
        """The first sample after `index` with a loss above this one; NaN counts as above."""
        return _first(~(self.losses <= loss), index)

    def previous_above(self, loss: float, index: int) -> int | None:
        """The last sample before `index` with a loss above this one."""
        return _last(~(self.losses <= loss), index)

    def next_spike(self, index: int) -> int | None:
        """The first sample after `index` whose loss stands out of the 200 before it; see `spikes.spikes`."""
        return spikes.next_spike(self.losses, index)

    def previous_spike(self, index: int) -> int | None:
        """The last sample before `index` whose loss stands out of those before it."""
        return spikes.previous_spike(self.losses, index)

    def worst(self, epoch: int | None = None) -> int | None:
        """The sample with the largest loss of an epoch, from 1, or of the whole run; NaN is larger than any."""
        if epoch is None:
            return int(np.argmax(self.losses)) if len(self.losses) else None
        inside = np.flatnonzero(self.counts // self.per_epoch == epoch - 1)
        return int(inside[np.argmax(self.losses[inside])]) if len(inside) else None

    def first_not_finite(self) -> int | None:
        """The first sample whose loss is NaN or infinite."""
        return _first(~np.isfinite(self.losses), -1)

    def moving_mean(self, window: int) -> NDArray[np.float64]:
        """(n,) the mean loss of each sample and those before it, `window` at most."""
        return rolling_sum(self.losses, window) / np.minimum(np.arange(1, len(self.losses) + 1), window)

    def epoch_errors(self) -> list[tuple[int, float]]:
        """Each epoch that was begun, from 1, with the mean loss of its samples."""
        epochs, losses = self.counts // self.per_epoch, self.losses
        if not len(epochs):
            return []
        if np.any(np.diff(epochs) < 0):  # a branch went on earlier than where it left
            order = np.argsort(epochs, kind="stable")
            epochs, losses = epochs[order], losses[order]
        edges = [0, *(np.flatnonzero(np.diff(epochs)) + 1).tolist(), len(epochs)]
        return [
            (int(epochs[start]) + 1, float(losses[start:stop].mean()))
            for start, stop in zip(edges, edges[1:], strict=False)
        ]


def _first(where: NDArray[np.bool_], after: int) -> int | None:
    found = np.flatnonzero(where[after + 1 :])
    return after + 1 + int(found[0]) if len(found) else None


def _last(where: NDArray[np.bool_], before: int) -> int | None:
    found = np.flatnonzero(where[: max(before, 0)])
    return int(found[-1]) if len(found) else None
