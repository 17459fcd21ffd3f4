"""The colours of numbers: blue below zero, orange above, zero neutral; told apart by the colour-blind too."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from nnstep.pictures import LEVELS, NO_ELEMENT, NOT_FINITE

NEGATIVE, POSITIVE, BAD = (64, 150, 255), (255, 150, 40), (230, 0, 190)
NEGATIVE_ON_LIGHT, POSITIVE_ON_LIGHT = (0, 70, 190), (190, 80, 0)
DARK, LIGHT = (34, 34, 38), (236, 236, 232)
MARK, MARK_ON_LIGHT = (255, 255, 255), (0, 0, 0)
CHANGE, CHANGE_ON_LIGHT = (90, 255, 120), (0, 120, 40)
GLYPHS_ABOVE, GLYPHS_BELOW = " ░▒▓█", " ·-=≡"

CURSOR, CHANGED = 1000, 2000
"""Added to the level of the element under the cursor, and of the one that the student changed."""


class Palette:
    """Turns levels into coloured characters.

    Args:
        kind: `dark` and `light` show two levels in a cell, in any colour; `ansi` and `ansi-light` one, as a character
            in one of 16 colours; `plain` one, as a character.
        base: the style of text, and of places without an element.
    """

    def __init__(self, kind: str, base: Style) -> None:
        self.kind, self.base = kind, base
        self.dim = base + Style(dim=True)
        self.cursor = base + Style(reverse=True)
        self.changed = base + Style(bold=True, underline=True)
        self._styles: dict[int, Style] = {}
        self._cells: dict[tuple[int, int], tuple[str, Style]] = {}
        self._single: dict[tuple[int, int], Segment] = {}

    @property
    def down(self) -> int:
        """How many levels a cell shows above each other."""
        return 2 if self.kind in ("dark", "light") else 1

    def strips(self, levels: NDArray[Any]) -> list[Strip]:
        """Draws levels (rows, columns), one line for every `down` rows."""
        width, rows = levels.shape[1], levels.tolist()
        lower = rows[1::2] if self.down == 2 else rows
        if self.down == 2 and len(rows) % 2:
            lower.append([NO_ELEMENT] * width)
        return [
            Strip(self._runs(list(zip(above, below, strict=True))), width)
            for above, below in zip(rows[:: self.down], lower, strict=True)
        ]

    def bar(self, levels: list[int]) -> list[Segment]:
        """Levels side by side, for the legend."""
        return [Segment("▀" if self.down == 2 else glyph(level), self.style(level)) for level in levels]

    def style(self, level: int) -> Style:
        """A level as the colour of text."""
        if level not in self._styles:
            self._styles[level] = self.base + self._marked(level)
        return self._styles[level]

    def _runs(self, pairs: list[tuple[int, int]]) -> list[Segment]:
        found, start, width = [], 0, len(pairs)
        while start < width:
            pair, end = pairs[start], start + 1
            while end < width and pairs[end] == pair:
                end += 1
            found.append(self._segment(pair, end - start))
            start = end
        return found

    def _segment(self, pair: tuple[int, int], length: int) -> Segment:
        if pair not in self._cells:
            text, style = self._cells[pair] = (
                self._halves(*pair) if self.down == 2 else (glyph(pair[0]), self.style(pair[0]))
            )
            self._single[pair] = Segment(text, style)
        if length == 1:
            return self._single[pair]
        text, style = self._cells[pair]
        return Segment(text * length, style)

    def _halves(self, above: int, below: int) -> tuple[str, Style]:
        if above == NO_ELEMENT:
            return (" ", self.base) if below == NO_ELEMENT else ("▄", self.style(below))
        if below == NO_ELEMENT:
            return "▀", self.style(above)
        return "▀", Style(color=self.style(above).color, bgcolor=self.style(below).color)

    def _marked(self, level: int) -> Style:
        mark, plain = unmarked(level)
        if plain == NO_ELEMENT or self.kind == "plain":
            colour = None
        elif self.down == 2:
            colour = self._rgb(mark, plain)
        else:
            colour = self._ansi(mark, plain)
        return Style(color=colour, reverse=True if mark == CURSOR and self.down == 1 else None)

    def _rgb(self, mark: int, level: int) -> Color:
        dark = self.kind == "dark"
        if mark:
            on_dark, on_light = (MARK, MARK_ON_LIGHT) if mark == CURSOR else (CHANGE, CHANGE_ON_LIGHT)
            return Color.from_rgb(*(on_dark if dark else on_light))
        if level == NOT_FINITE:
            return Color.from_rgb(*BAD)
        below, above = (NEGATIVE, POSITIVE) if dark else (NEGATIVE_ON_LIGHT, POSITIVE_ON_LIGHT)
        part = (abs(level) / LEVELS) ** 0.7
        ends = zip(DARK if dark else LIGHT, below if level < 0 else above, strict=True)
        return Color.from_rgb(*(round(a + (b - a) * part) for a, b in ends))

    def _ansi(self, mark: int, level: int) -> Color | None:
        if level == 0 and not mark:
            return None
        if mark == CHANGED:
            name = "green"
        elif level == NOT_FINITE:
            name = "magenta"
        else:
            name = "blue" if level < 0 else "yellow"
        strong = self.kind == "ansi" and abs(level) > LEVELS / 2
        return Color.parse("bright_" + name if strong else name)


@lru_cache(8)
def palette_of(kind: str, base: Style) -> Palette:
    """The palette of a theme, with the styles that were needed before."""
    return Palette(kind, base)


def unmarked(level: int) -> tuple[int, int]:
    """The mark (0, CURSOR or CHANGED) of a level, and the level without it; the cursor hides the other mark."""
    marks = (level + 100) // CURSOR * CURSOR
    return CURSOR if marks == CURSOR + CHANGED else marks, level - marks


def glyph(level: int) -> str:
    """A level as a character, where colours do not tell: █ far above zero, ≡ far below, ? not finite, ◆ changed."""
    mark, plain = unmarked(level)
    if mark == CHANGED:
        return "◆"
    if plain == NOT_FINITE:
        return "?"
    if plain == NO_ELEMENT:
        return " "
    glyphs = GLYPHS_ABOVE if plain > 0 else GLYPHS_BELOW
    return glyphs[-(-abs(plain) // 4)]
