"""How to train: what every engine, trainer and branch of a run is told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnstep.errors import NnstepError
from nnstep.optimizers import ADAMW_DECAY, Rule
from nnstep.schedules import Schedule, parse_schedule


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train.

    Attributes:
        learning_rate: η.
        batch_size: samples per update.
        shuffle: another order in each epoch.
        seed: where that order, and the moves of augmentation, come from.
        optimizer: by name, see `optimizers.py`.
        weight_decay: λ; where none is given, 0.01 for adamw, as in PyTorch, and 0 for the others.
        clip_norm: the longest that the gradients of one layer together may be; None for any.
        schedule: how the learning rate changes, see `schedules.py`.
        augment: how pictures are moved, such as `shift:2,rotate:10`; empty for not at all.
    """

    learning_rate: float = 0.1
    batch_size: int = 1
    shuffle: bool = False
    seed: int = 0
    optimizer: str = "sgd"
    weight_decay: float | None = None
    clip_norm: float | None = None
    schedule: str = "constant"
    augment: str = ""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.learning_rate) and self.learning_rate >= 0):
            raise NnstepError(f"learning rate expected to be a finite number, 0 or more, received {self.learning_rate}")
        if self.batch_size < 1:
            raise NnstepError(f"batch size expected to be 1 or more, received {self.batch_size}")
        self.rule  # noqa: B018 (raises where it makes no sense)
        parse_schedule(self.schedule)
        if self.augment:
            from nnstep.augmentation import parse_augmentation

            parse_augmentation(self.augment)

    @property
    def rule(self) -> Rule:
        """The optimizer with weight decay and clipping."""
        usual = ADAMW_DECAY if self.optimizer == "adamw" else 0.0
        return Rule(self.optimizer, usual if self.weight_decay is None else self.weight_decay, self.clip_norm)

    def rate_at(self, count: int, samples: int) -> float:
        """η of the update whose first sample has `count` samples of the run before it, `samples` in each epoch."""
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * parse_schedule(self.schedule).factor(count, samples)

    def schedule_parts(self) -> Schedule:
        """The schedule, understood."""
        return parse_schedule(self.schedule)
