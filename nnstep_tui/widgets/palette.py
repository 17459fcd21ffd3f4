"""The colours of numbers: blue below zero, orange above, zero neutral; told apart by the colour-blind too."""

from __future__ import annotations

from functools import cache

from rich.color import Color
from rich.style import Style

NEGATIVE, POSITIVE, BAD = (64, 150, 255), (255, 150, 40), (230, 0, 190)
NEGATIVE_ON_LIGHT, POSITIVE_ON_LIGHT = (0, 70, 190), (190, 80, 0)
DARK, LIGHT = (34, 34, 38), (236, 236, 232)
GLYPHS_ABOVE, GLYPHS_BELOW = " ░▒▓█", " ·-=≡"


@cache
def colour(level: int, dark: bool) -> Color:
    """The colour of a level from −16 to 16; what is not finite (99) stands out."""
    if level == 99:
        return Color.from_rgb(*BAD)
    neutral = DARK if dark else LIGHT
    below, above = (NEGATIVE, POSITIVE) if dark else (NEGATIVE_ON_LIGHT, POSITIVE_ON_LIGHT)
    end = below if level < 0 else above
    part = (abs(level) / 16) ** 0.7
    return Color.from_rgb(*(a + (b - a) * part for a, b in zip(neutral, end, strict=True)))


@cache
def half_block(top: int, bottom: int, dark: bool) -> Style:
    """The style in which ▀ shows two levels above each other."""
    return Style(color=colour(top, dark), bgcolor=colour(bottom, dark))


def glyph(level: int) -> str:
    """A level as a character, for terminals without colours: █ far above zero, ≡ far below, ? not finite."""
    if level == 99:
        return "?"
    glyphs = GLYPHS_ABOVE if level > 0 else GLYPHS_BELOW
    return glyphs[-(-abs(level) // 4)]
