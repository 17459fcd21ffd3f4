"""What is seen of a contest: which curves in which colours, and what is said of a contender."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from rich.text import Text

from nnstep.wars.standings import LOST, Standing, Standings, seed_lines, settings_text
from nnstep_tui.widgets.contest_plot import GREY
from nnstep_tui.widgets.curve_plot import COLOURS, Series


@dataclass(slots=True)
class ContestLooks:
    """What is seen of a contest; it outlives the app while the debugger is open.

    Attributes:
        chosen: the contender at the cursor.
        seed: which of its runs, counted on and on.
        marks: contenders whose curves are shown.
        all: the other curves too.
        log: a logarithmic error.
        room: both, table or curves.
        board: which leaderboard, counted on and on.
        began: when the contest was started, by the monotonic clock.
        told: the failure that was shown.
    """

    chosen: str | None = None
    seed: int = 0
    marks: list[str] = field(default_factory=list)
    all: bool = False
    log: bool = True
    room: str = "both"
    board: int = 0
    began: float = field(default_factory=time.monotonic)
    told: str = ""


def shown_curves(board: Standings, chosen: Standing | None, looks: ContestLooks) -> list[Series]:
    """The curves in the order in which they are drawn: the others in grey, the marked or the best ones, the chosen one.

    Args:
        board: all contenders.
        chosen: the one at the cursor.
        looks: which are marked, and whether the others are shown too.
    """
    if chosen is None:
        return []
    known = {line.name: line for line in board.lines}
    best = (line.name for line in board.lines if line.state != LOST and len(line.curve()))
    first = [name for name in looks.marks if name in known] or islice(best, COLOURS - 1)
    colours = {chosen.name: 0}
    for name in first:
        colours.setdefault(name, 1 + (len(colours) - 1) % (COLOURS - 1))
    others = [name for name in known if name not in colours] if looks.all else []
    series = []
    for name in (*others, *reversed(colours)):
        curve = known[name].curve()
        series.append(Series(name, np.arange(1.0, len(curve) + 1), curve, colours.get(name, GREY)))
    return series


def details_text(line: Standing | None, seed: int, narrow: bool) -> Text:
    """A contender's settings and what its seeds came to.

    Args:
        line: the contender.
        seed: which of its runs is the chosen one, counted on and on.
        narrow: there are three lines for it.
    """
    if line is None:
        return Text("no contender")
    text = Text()
    text.append(f"{line.name}  " if narrow else f"{line.name}\n", "bold")
    text.append(settings_text(line.entry))
    if line.entry.out:
        text.append(f"\nout: {line.entry.out}")
    lines = seed_lines(line)
    if not lines:
        return text
    chosen = seed % len(lines)
    if narrow:
        return text.append(f"\n▶ {' · '.join(lines[chosen:] + lines[:chosen])}")
    for number, words in enumerate(lines):
        text.append(f"\n{'▶' if number == chosen else ' '} {words}")
    return text
