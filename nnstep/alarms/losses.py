"""What the losses of all samples tell: they come for free, so every one of them is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstep.alarms.findings import Finding
from nnstep.layers import Array
from nnstep.limits import Limits
from nnstep.statistics import number_text, share_text

BLOCK = 500
RISE_BLOCKS = 2
STUCK_BLOCKS = 30
STILL_MUCH = 0.2
BY_CHANCE = 0.05


@dataclass(frozen=True, slots=True)
class Block:
    """Losses of some samples that came one after the other.

    Attributes:
        start: the first one's count.
        mean: their mean loss.
        right: the share of them that were classified rightly.
        worst: the count of the one with the largest loss.
    """

    start: int
    mean: float
    right: float
    worst: int


class Losses:
    """Cuts the losses of a run into blocks, the same ones however they come in.

    Args:
        chance: the share of the most frequent class.

    Attributes:
        blocks: those that are full.
        waiting: how many losses are in none yet.
    """

    def __init__(self, chance: float) -> None:
        self.chance = chance
        self.blocks: list[Block] = []
        self._sums, self._rights = [0.0], [0.0]
        self._best_recent = self._best_before = np.inf
        self._waiting: list[tuple[Array, NDArray[np.bool_]]] = []
        self._start = self.waiting = 0

    def add(self, start: int, losses: Array, right: NDArray[np.bool_]) -> None:
        """Takes the next losses."""
        if not self._waiting:
            self._start = start
        self._waiting.append((losses, right))
        self.waiting += len(losses)

    def filled(self) -> list[Block]:
        """The blocks that the losses taken since the last call fill."""
        if self.waiting < BLOCK:
            return []
        losses, right = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
        whole = len(losses) // BLOCK * BLOCK
        tables = losses[:whole].reshape(-1, BLOCK), right[:whole].reshape(-1, BLOCK)
        means, shares, worst = tables[0].mean(axis=1), tables[1].mean(axis=1), tables[0].argmax(axis=1)
        starts = self._start + BLOCK * np.arange(len(means))
        self._waiting, self.waiting = [(losses[whole:], right[whole:])], len(losses) - whole
        self._start += whole
        rows = zip(starts.tolist(), means.tolist(), shares.tolist(), (starts + worst).tolist(), strict=True)
        return [Block(*row) for row in rows]

    def append(self, block: Block) -> None:
        """Makes a block the last one."""
        self.blocks.append(block)
        self._sums.append(self._sums[-1] + block.mean)
        self._rights.append(self._rights[-1] + block.right)

    def huge(self, limits: Limits) -> Finding | None:
        """The mean loss of the last block is still huge."""
        mean = self.blocks[-1].mean
        return Finding(f"mean loss {number_text(mean)}", {"loss": mean}) if mean >= limits.largest_loss else None

    def rising(self, limits: Limits) -> Finding | None:
        """The mean loss of the last 1,000 samples is a multiple of the best there was, and worth speaking of."""
        recent = self._mean(RISE_BLOCKS)
        if recent is None:
            return None
        self._best_recent = min(self._best_recent, recent)
        first = self._sums[RISE_BLOCKS] / RISE_BLOCKS
        best = self._best_recent
        if best < 0 or recent <= limits.loss_rise * best or recent <= STILL_MUCH * first:
            return None  # of what is below zero, nothing is a multiple
        text = f"mean loss of {RISE_BLOCKS * BLOCK:,} samples {number_text(recent)}, best so far {number_text(best)}"
        if best > 0:
            text += f": {number_text(recent / best)} times as much, above {limits.loss_rise:g} times"
        return Finding(text, {"loss": recent, "best": best})

    def stuck(self, limits: Limits) -> Finding | None:
        """The mean loss of the last 15,000 samples is no better than before, and the classes are right by chance."""
        recent, before = self._mean(STUCK_BLOCKS), self._mean(STUCK_BLOCKS, STUCK_BLOCKS)
        if recent is None or before is None:
            return None
        self._best_before = min(self._best_before, before)
        right = (self._rights[-1] - self._rights[-1 - STUCK_BLOCKS]) / STUCK_BLOCKS
        if recent <= limits.no_progress * self._best_before or right > self.chance + BY_CHANCE:
            return None
        text = (
            f"mean loss of {STUCK_BLOCKS * BLOCK:,} samples {number_text(recent)}, best of those before "
            f"{number_text(self._best_before)}; {share_text(right)} of them right, the most frequent class is "
            f"{share_text(self.chance)}"
        )
        return Finding(text, {"loss": recent, "best": self._best_before, "right": right})

    def _mean(self, length: int, before: int = 0) -> float | None:
        """The mean of some blocks, before the last ones; None where there are not so many."""
        end = len(self.blocks) - before
        return (self._sums[end] - self._sums[end - length]) / length if end >= length else None


def first_exploded(losses: Array, limits: Limits) -> tuple[int, Finding] | None:
    """The first loss that is huge or no finite number, by its index."""
    largest = float(losses.max()) if len(losses) else 0.0
    if largest < limits.largest_loss:
        return None
    index = int(np.argmax(~(losses < limits.largest_loss)))
    loss = float(losses[index])
    beyond = f", the limit is {number_text(limits.largest_loss)}" if np.isfinite(loss) else ""
    return index, Finding(f"the loss of this sample is {number_text(loss)}{beyond}", {"loss": loss})
