"""The names of curves in as few lines as there is room for, shorter ones where not all fit."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

LENGTHS = (1000, 32, 20, 12, 7)
MARK = 4


def legend_text(curves: Sequence[tuple[str, str, Style]], width: int, rows: int) -> Text:
    """Letter, line and name of each curve.

    Args:
        curves: letter, name and style of each, the most important first.
        width: how many characters wide the legend is.
        rows: how many lines there may be; names that have no room even when they are cut are counted at the end.
    """
    for longest in (min(length, max(4, width - MARK - 2)) for length in LENGTHS):
        lines = _lines(curves, width, longest)
        if len(lines) <= rows:
            break
    else:
        lines = _lines(curves, width - len(" … 99 more"), longest)
    left = sum(len(line) for line in lines[rows:])
    text = Text(no_wrap=True, overflow="ellipsis")
    for number, line in enumerate(lines[:rows]):
        text.append("\n " if number else " ")
        for place, (letter, name, style) in enumerate(line):
            text.append("   " if place else "")
            text.append(letter, style + Style(bold=True))
            text.append("━━ ", style)
            text.append(shortened(name, longest))
    if left:
        text.append(f" … {left} more")
    return text


def shortened(name: str, longest: int) -> str:
    """A name, cut where it is wider than `longest` characters."""
    return name if cell_len(name) <= longest else set_cell_size(name, longest - 1).rstrip() + "…"


def _lines(curves: Sequence[tuple[str, str, Style]], width: int, longest: int) -> list[list[tuple[str, str, Style]]]:
    lines: list[list[tuple[str, str, Style]]] = [[]]
    used = 1
    for curve in curves:
        wide = MARK + cell_len(shortened(curve[1], longest))
        if lines[-1] and used + wide > width:
            lines.append([])
            used = 1
        lines[-1].append(curve)
        used += wide + 3
    return lines
