"""One picture file as a sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnstep.errors import NnstepError

if TYPE_CHECKING:
    from PIL.Image import Image


def load_image(path: str, shape: tuple[int, int] = (28, 28)) -> NDArray[np.uint8]:
    """Reads a picture as one row of pixels (1, height · width), light on dark as MNIST has it.

    A picture whose border is light is inverted; one of another size is fitted into the shape; what is transparent is
    background, dark behind light strokes and light behind dark ones; a photograph is turned as its camera noted.

    Raises:
        NnstepError: it is missing, or no picture that Pillow reads.
    """
    try:
        from PIL import Image as pillow
        from PIL import ImageOps
    except ImportError:
        raise NnstepError("pictures need Pillow", 'Install it: pip install "nnstep[image]"') from None
    if not Path(path).is_file():
        raise NnstepError(f"{path}: there is no such picture")
    try:
        with pillow.open(path) as image:
            whole = pillow.fromarray(_greys(ImageOps.exif_transpose(image)))
            grey = ImageOps.pad(whole, (shape[1], shape[0]), color=_border(np.asarray(whole)))
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError):
        raise NnstepError(f"{path}: not a picture, or a damaged one") from None
    pixels = np.asarray(grey, dtype=np.uint8)
    if _border(pixels) > 127:
        pixels = 255 - pixels
    return pixels.reshape(1, -1)


def _greys(image: Image) -> NDArray[np.uint8]:
    """The greys (height, width) of a picture, what is transparent painted as background."""
    grey, alpha = (np.asarray(part, np.float64) for part in image.convert("LA").split())
    if not alpha.min() < 255:
        return np.asarray(image.convert("L"))
    ground = 255 if (grey * alpha).sum() < 127.5 * alpha.sum() else 0
    return np.round((grey * alpha + ground * (255 - alpha)) / 255).astype(np.uint8)


def _border(pixels: NDArray[np.uint8]) -> int:
    edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return int(np.median(edges))
