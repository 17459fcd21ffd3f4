"""The leaderboard as a table with a cursor; only cells that have changed are drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from rich.style import Style
from rich.text import Text
from textual.binding import BindingType
from textual.widgets import DataTable

from nnstep.wars.standings import FINISHED, LOST, RUNNING, Standing

RANK, LEAST_NAME, BAR, SHORT, LONG, WIDE = 5, 12, 16, 7, 28, 110


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers.

    Attributes:
        title: above it.
        width: in characters, a blank before the next one included.
        least: how wide the table must be for it to be shown.
        text: what it shows of a contender.
    """

    title: str
    width: int
    least: int
    text: Callable[[Standing], str]


def count_text(count: int) -> str:
    """A count in at most 7 characters."""
    return f"{count:,}" if count < 1_000_000 else f"{count / 1e6:.1f}M"


def error_text(error: float) -> str:
    """An error in at most 7 characters."""
    if 1e4 <= error < np.inf:
        return f"{error:.1e}".replace("e+0", "e").replace("e+", "e")
    return f"{error:.4g}" if error >= 1 else f"{error:.5f}"


def _accuracy(standing: Standing) -> str:
    if standing.state == LOST:
        return LOST
    return f"{100 * standing.entry.interval.mean:.2f} %" if standing.rank else "–"


def _interval(standing: Standing) -> str:
    if not standing.rank:
        return ""
    return f"{100 * standing.entry.interval.low:.2f}–{100 * standing.entry.interval.high:.2f}"


def _strict(standing: Standing) -> str:
    return f"{100 * standing.entry.strict_accuracy:.2f} %" if standing.rank else ""


def _error(standing: Standing) -> str:
    return "–" if standing.error is None else error_text(standing.error)


def _seconds(standing: Standing) -> str:
    return "–" if standing.seconds is None else f"{standing.seconds:.1f}"


def _seeds(standing: Standing) -> str:
    return f"{len(standing.entry.rows)}/{standing.entry.seeds}"


COLUMNS = (
    Column("accuracy", 9, 0, _accuracy),
    Column("95 %", 13, 0, _interval),
    Column("strict", 9, WIDE, _strict),
    Column("error", 8, 0, _error),
    Column("param.", 9, 0, lambda standing: count_text(standing.entry.parameters)),
    Column("seconds", 8, 0, _seconds),
    Column("seeds", 6, 0, _seeds),
)


class StandingsTable(DataTable[Text], inherit_bindings=False):
    """Shows the contenders that it is given with `show`."""

    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    StandingsTable { scrollbar-size-vertical: 1; overflow-x: hidden; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", cell_padding=0)
        self._widths: tuple[int, ...] = ()
        self._shown: list[tuple[Standing, Style | None]] = []
        self._cells: list[list[Text]] = []

    def show(self, lines: Sequence[Standing], chosen: int, curves: Mapping[str, Style]) -> None:
        """Shows contenders.

        Args:
            lines: in their order.
            chosen: which one the cursor is on.
            curves: the style of each curve that is drawn, by the contender's name.
        """
        room = self.size.width - 1
        columns = [column for column in COLUMNS if room >= column.least]
        progress = LONG if room >= WIDE else SHORT
        name = max(LEAST_NAME, room - RANK - progress - sum(column.width for column in columns))
        widths = (RANK, name, *(column.width for column in columns), progress)
        shown = [(line, curves.get(line.name)) for line in lines]
        if widths != self._widths or len(shown) != len(self._shown):
            self._cells = [self._line(*pair, columns, widths) for pair in shown]
            self._fill(columns, widths)
        else:
            for row, (old, new) in enumerate(zip(self._shown, shown, strict=True)):
                if new[0] is not old[0] or new[1] != old[1]:
                    self._replace(row, self._line(*new, columns, widths))
        self._shown = shown
        if lines and self.cursor_row != chosen:
            self.move_cursor(row=chosen)

    def _replace(self, row: int, cells: list[Text]) -> None:
        for column, (old, new) in enumerate(zip(self._cells[row], cells, strict=True)):
            if (new, new.style) != (old, old.style):
                self.update_cell_at((row, column), new)  # type: ignore[arg-type]
        self._cells[row] = cells

    def _fill(self, columns: Sequence[Column], widths: tuple[int, ...]) -> None:
        self._widths = widths
        self.clear(columns=True)
        titles = ["", "contender", *(f"{column.title:>{column.width - 1}}" for column in columns), "at work"]
        for title, width in zip(titles, widths, strict=True):
            self.add_column(Text(title), width=width)
        self.add_rows(self._cells)

    def _line(
        self, line: Standing, curve: Style | None, columns: Sequence[Column], widths: tuple[int, ...]
    ) -> list[Text]:
        style = {FINISHED: "", RUNNING: ""}.get(line.state, "dim")
        if line.rank == 1:
            style = "bold"
        place = f"{'≈' if line.tied else ' '}{line.rank}" if line.rank else "✗" if line.state == LOST else "·"
        rank = Text(f"{place:>{RANK - 2}}", style)
        rank.append("━" if curve else " ", Style(color=curve.color, bold=True) if curve else "")
        name = Text(line.name, style, no_wrap=True)
        name.truncate(widths[1] - 1, overflow="ellipsis")
        numbers = [Text(f"{column.text(line):>{column.width - 1}}", style) for column in columns]
        return [rank, name, *numbers, self._progress(line, widths[-1])]

    def _progress(self, line: Standing, width: int) -> Text:
        if line.state == LOST:
            text = Text(line.entry.why if width > SHORT else "", "dim", no_wrap=True)
            text.truncate(width, overflow="ellipsis")
            return text
        if line.state != RUNNING:
            return Text("" if line.share >= 1 else "waits", "dim")
        report = line.live[0]
        epoch = f"{report['epoch']}" + (f"/{report['epochs']}" if report["epochs"] else "")
        if width == SHORT:
            return Text(f"▶{epoch}"[:width])
        full = round(line.share * BAR)
        bar = Text("━" * full)
        bar.append("╌" * (BAR - full), "dim")
        return bar.append(f" epoch {epoch}"[: width - BAR])
