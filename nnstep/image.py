"""One picture file as a sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnstep.errors import NnstepError


def load_image(path: str, shape: tuple[int, int] = (28, 28)) -> NDArray[np.uint8]:
    """Reads a picture as one row of pixels (1, height · width), light on dark as MNIST has it.

    A picture whose border is light is inverted; one of another size is fitted into the shape.

    Raises:
        NnstepError: it is missing, or no picture that Pillow reads.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise NnstepError("pictures need Pillow", 'Install it: pip install "nnstep[image]"') from None
    if not Path(path).is_file():
        raise NnstepError(f"{path}: there is no such picture")
    try:
        with Image.open(path) as image:
            grey = ImageOps.pad(image.convert("L"), (shape[1], shape[0]), color=_border(image))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise NnstepError(f"{path}: not a picture, or a damaged one") from None
    pixels = np.asarray(grey, dtype=np.uint8)
    if _border(grey) > 127:
        pixels = 255 - pixels
    return pixels.reshape(1, -1)


def _border(image: object) -> int:
    pixels = np.asarray(image.convert("L"))  # type: ignore[attr-defined]
    edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return int(np.median(edges))
