"""Small pictures as PNG files and data addresses, with the standard library alone."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

GREY, INDEXED = 0, 3


def png(pixels: NDArray[np.uint8], palette: NDArray[np.uint8] | None = None) -> bytes:
    """A PNG file (ISO/IEC 15948), 8 bits a pixel, not interlaced.

    Args:
        pixels: (height, width) grey values, or indices into the palette.
        palette: (colours, 3) red, green and blue.
    """
    height, width = pixels.shape
    kind = GREY if palette is None else INDEXED
    # Each row begins with its filter: 0, the pixels as they are.
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels], axis=1)
    parts = [_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))]
    if palette is not None:
        parts.append(_chunk(b"PLTE", palette.astype(np.uint8).tobytes()))
    parts += [_chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def data_address(file: bytes) -> str:
    """A PNG file as an address that a page can contain."""
    return "data:image/png;base64," + base64.b64encode(file).decode()


def tiles(pictures: NDArray[np.uint8], columns: int, gap: int = 1, filling: int = 0) -> NDArray[np.uint8]:
    """Pictures (n, height, width) in rows beside each other, as one (…, …) picture with gaps between them."""
    n, height, width = pictures.shape
    rows = -(-n // columns)
    whole = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), filling, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        whole[top : top + height, left : left + width] = picture
    return whole


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
