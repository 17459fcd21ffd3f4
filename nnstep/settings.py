"""How to train: what every engine, trainer and branch of a run is told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnstep.errors import NnstepError


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train: learning rate η, samples per update, order, and where that order comes from."""

    learning_rate: float = 0.1
    batch_size: int = 1
    shuffle: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.learning_rate) and self.learning_rate >= 0):
            raise NnstepError(f"learning rate expected to be a finite number, 0 or more, received {self.learning_rate}")
        if self.batch_size < 1:
            raise NnstepError(f"batch size expected to be 1 or more, received {self.batch_size}")
