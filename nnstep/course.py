"""What settings mean at a place of a run: which pictures the samples there are, and which learning rate they get."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnstep.augmentation import parse_augmentation
from nnstep.engines.base import Engine, Outcome
from nnstep.samples import Samples
from nnstep.settings import Settings
from nnstep.stack import Stack


def pictures_at(
    samples: Samples, rows: NDArray[np.int64], count: int, settings: Settings
) -> tuple[Samples, NDArray[np.int64]]:
    """The samples to train on from a count of the run on, and their rows: the same ones where nothing moves them.

    Args:
        samples: the training set.
        rows: which of it, all in one epoch.
        count: how many samples of the run come before.
        settings: how to train.
    """
    augmentation = parse_augmentation(settings.augment)
    if not augmentation:
        return samples, rows
    moved = augmentation.applied(samples, rows, settings.seed, count // len(samples) + 1)
    return moved, np.arange(len(rows))


def train_rows(
    engine: Engine, stack: Stack, samples: Samples, rows: NDArray[np.int64], count: int, settings: Settings
) -> Outcome:
    """Trains on rows of one epoch that begin at a count of the run, with the learning rates and pictures of there."""
    chosen, numbers = pictures_at(samples, rows, count, settings)
    n, size = len(samples), settings.batch_size
    if not settings.schedule_parts().changes_within(count, n):
        return engine.run(stack, chosen, numbers, settings.rate_at(count, n), size)
    losses, predictions = [], []
    for start in range(0, len(numbers), size):
        rate = settings.rate_at(count + start, n)
        outcome = engine.run(stack, chosen, numbers[start : start + size], rate, size)
        losses.append(outcome.losses)
        predictions.append(outcome.predictions)
        if outcome.diverged:
            break
    if not losses:
        return Outcome(np.zeros(0), np.zeros(0, np.uint8))
    return Outcome(np.concatenate(losses), np.concatenate(predictions))
