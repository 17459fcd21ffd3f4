"""Early stopping: training ends when the error on samples that are held out has not fallen for a while."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnstep.errors import NnstepError
from nnstep.samples import Samples
from nnstep.stack import Parameters, Stack

PART = 10


@dataclass(slots=True)
class EarlyStopping:
    """Watches the error on held-out samples from epoch to epoch, and keeps the parameters of the best one.

    Attributes:
        patience: after how many epochs without a smaller error training ends.
        errors: of each epoch so far.
        best: the parameters after the best epoch.
    """

    patience: int
    errors: list[float] = field(default_factory=list)
    best: Parameters = ()

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise NnstepError(f"--patience expected to be 1 or more, received {self.patience}")

    @property
    def best_epoch(self) -> int:
        """The epoch with the smallest error, the first one where several have it; counted from 1."""
        return self.errors.index(min(self.errors)) + 1

    def after_epoch(self, error: float, stack: Stack) -> bool:
        """Takes note of an epoch's held-out error; True where training should end."""
        self.errors.append(error)
        if self.best_epoch == len(self.errors):
            self.best = stack.snapshot()
        return len(self.errors) - self.best_epoch >= self.patience


def hold_out(samples: Samples) -> tuple[Samples, Samples]:
    """Splits the last tenth off: what to train on, and what to judge by.

    Raises:
        NnstepError: there are fewer than 10 samples.
    """
    kept = len(samples) - len(samples) // PART
    if kept == len(samples):
        raise NnstepError(f"--patience holds out a tenth of the training samples, of {len(samples)} that is none")
    rest = Samples(samples.pixels[kept:], samples.labels[kept:], samples.shape, samples.classes)
    return samples.first(kept), rest
