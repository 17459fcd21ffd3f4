"""Learning rate schedules: what the learning rate is multiplied with, by how many samples came before."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from nnstep.errors import NnstepError

SYNTAX = "constant, step:EPOCHS:FACTOR, exponential:FACTOR, cosine:EPOCHS, warmup:EPOCHS, or several joined by +"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Factors that are multiplied with each other and with the learning rate.

    All but warm-up are steady within an epoch, so that one line of an epoch's training has one learning rate.

    Attributes:
        parts: name and numbers of each.
    """

    parts: tuple[tuple[str, tuple[float, ...]], ...] = ()

    def factor(self, count: int, samples: int) -> float:
        """What to multiply the learning rate with.

        Args:
            count: how many samples of the run come before the update's first one.
            samples: how many an epoch has.
        """
        return math.prod(FACTORS[name](count, samples, *numbers) for name, numbers in self.parts)

    def changes_within(self, count: int, samples: int) -> bool:
        """It is not steady in the epoch of this count: warm-up goes on there."""
        return any(name == "warmup" and count < numbers[0] * samples for name, numbers in self.parts)


def _step(count: int, samples: int, epochs: float, factor: float = 0.1) -> float:
    """factor^⌊epoch / epochs⌋, epochs counted from 0 (as torch.optim.lr_scheduler.StepLR)."""
    return float(factor ** (count // samples // int(epochs)))


def _exponential(count: int, samples: int, factor: float) -> float:
    """factor^epoch (as ExponentialLR)."""
    return float(factor ** (count // samples))


def _cosine(count: int, samples: int, epochs: float) -> float:
    """(1 + cos(π epoch / epochs)) / 2, and 0 after the last one (Loshchilov and Hutter 2017; as CosineAnnealingLR)."""
    return (1 + math.cos(math.pi * min(1.0, count // samples / epochs))) / 2


def _warmup(count: int, samples: int, epochs: float) -> float:
    """From 0 to 1 in a straight line over the first epochs: the share of their samples that came before, and one."""
    return min(1.0, (count + 1) / (epochs * samples))


FACTORS: dict[str, Callable[..., float]] = {
    "step": _step,
    "exponential": _exponential,
    "cosine": _cosine,
    "warmup": _warmup,
}
NUMBERS = {"step": (1, 2), "exponential": (1, 1), "cosine": (1, 1), "warmup": (0, 1)}


def parse_schedule(text: str) -> Schedule:
    """Reads a schedule such as `warmup:1+cosine:20`.

    Raises:
        NnstepError: naming the part that cannot be understood.
    """
    if text in ("", "constant"):
        return Schedule()
    return Schedule(tuple(_parse_part(part, text) for part in text.split("+")))


def _parse_part(part: str, text: str) -> tuple[str, tuple[float, ...]]:
    name, *words = part.strip().split(":")
    if name not in FACTORS:
        raise NnstepError(f"schedule '{text}' expected a name, received '{part}'", f"Possible: {SYNTAX}")
    least, most = NUMBERS[name]
    try:
        numbers = tuple(float(word) for word in words)
    except ValueError:
        raise NnstepError(
            f"schedule '{text}': '{part}' expected numbers after the name", f"Possible: {SYNTAX}"
        ) from None
    if not least <= len(numbers) <= most or not all(0 < number < math.inf for number in numbers):
        raise NnstepError(f"schedule '{text}': '{part}' expected {_wanted(name)}", f"Possible: {SYNTAX}")
    if name == "step" and (numbers[0] < 1 or numbers[0] != int(numbers[0])):
        raise NnstepError(f"schedule '{text}': '{part}' expected a whole number of epochs", f"Possible: {SYNTAX}")
    return name, numbers or (1.0,)


def _wanted(name: str) -> str:
    least, most = NUMBERS[name]
    return f"{least} to {most} numbers above 0" if least < most else f"{least} number above 0"
