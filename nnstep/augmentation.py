"""Augmentation: each epoch sees the training pictures shifted and rotated a little, each time in another way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.errors import NnstepError
from nnstep.samples import Samples

SYNTAX = "Such as shift:2, rotate:10 or shift:2,rotate:10"
STREAM = 0x5EED
AT_ONCE = 256

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far pictures are moved, drawn anew for each picture and epoch, evenly between the limits.

    Attributes:
        shift: at most so many whole pixels up, down, left and right.
        rotate: at most so many degrees either way, around the centre.
    """

    shift: int = 0
    rotate: float = 0.0

    def applied(self, samples: Samples, rows: NDArray[np.int64], seed: int, epoch: int) -> Samples:
        """The chosen rows as samples of their own, moved as this epoch moves them.

        What comes in from outside a picture is 0. A rotated pixel is the mean of its four neighbours, weighted by
        how near they are, and rounded where pixels are whole numbers.

        Args:
            samples: all training samples.
            rows: which of them, from 0.
            seed: where the moves are drawn from.
            epoch: counted from 1.
        """
        shifts, angles = _moves(len(samples), self.shift, self.rotate, seed, epoch)
        moved: NDArray[Any] = np.empty((len(rows), samples.pixels.shape[1]), samples.pixels.dtype)
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            pictures = samples.pixels[some].reshape(len(some), *samples.shape)
            values = _moved(pictures, shifts[some], angles[some])
            moved[start : start + AT_ONCE] = np.rint(values) if moved.dtype == np.uint8 else values
        return Samples(moved, samples.labels[rows], samples.shape, samples.classes)


def parse_augmentation(text: str) -> Augmentation | None:
    """Reads such as `shift:2,rotate:10`; None for an empty text.

    Raises:
        NnstepError: naming the part that cannot be understood.
    """
    if not text:
        return None
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = part.strip().partition(":")
        try:
            found[name] = float(int(number) if name == "shift" else float(number))
        except ValueError:
            found[name] = np.nan
        if name not in ("shift", "rotate") or not 0 <= found[name] < np.inf:
            raise NnstepError(f"augment '{text}' expected whole pixels to shift or degrees, received '{part}'", SYNTAX)
    return Augmentation(int(found.get("shift", 0)), found.get("rotate", 0.0))


@lru_cache(maxsize=2)
def _moves(samples: int, shift: int, rotate: float, seed: int, epoch: int) -> tuple[NDArray[np.int64], Numbers]:
    """Pixels down and right (samples, 2), and the angle in radians against the clock (samples,)."""
    rng = np.random.default_rng([seed, epoch, STREAM])
    shifts = rng.integers(-shift, shift + 1, (samples, 2))
    return shifts, np.deg2rad(rng.uniform(-rotate, rotate, samples))


def _moved(pictures: NDArray[np.number], shifts: NDArray[np.int64], angles: Numbers) -> Numbers:
    """(pictures, pixels), each pixel taken from where the move brings it from."""
    count, height, width = pictures.shape
    y, x = np.indices((height, width)).reshape(2, 1, -1)
    down = y - shifts[:, :1] - (height - 1) / 2
    right = x - shifts[:, 1:] - (width - 1) / 2
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    from_y, from_x = cos * down + sin * right + (height - 1) / 2, cos * right - sin * down + (width - 1) / 2
    top, left = np.floor(from_y).astype(np.int64), np.floor(from_x).astype(np.int64)
    below, beside = from_y - top, from_x - left
    padded = np.pad(pictures.astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    number, total = np.arange(count)[:, None], np.zeros((count, height * width))
    for dy, weight_y in ((0, 1 - below), (1, below)):
        for dx, weight_x in ((0, 1 - beside), (1, beside)):
            at_y, at_x = np.clip(top + dy + 1, 0, height + 1), np.clip(left + dx + 1, 0, width + 1)
            total += weight_y * weight_x * padded[number, at_y, at_x]
    return total
