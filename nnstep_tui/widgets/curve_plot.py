"""The curves of a run on axes, with a cursor: lines of braille dots, drawn in a few milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_letters
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.events import Click
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from nnstep.plotting import Axis, Floats, axis_of, line_dots, spread, tick_text, ticks
from nnstep_tui.widgets.legend import legend_text

GUTTER = 8
COLOURS = 5
POINT = "●"
LETTERS_APART = 3
POINTS_APART = 4
BOLD = Style(bold=True)
BRAILLE = {bits: chr(0x2800 + bits) if bits else " " for bits in range(256)}


@dataclass(frozen=True, eq=False, slots=True)
class Series:
    """One curve.

    Attributes:
        name: for the legend.
        x, y: (points,) where it goes; NaN leaves a gap.
        colour: which of the plot's colours, from 0.
        points: marked one by one instead of joined, such as the means of epochs.
    """

    name: str
    x: Floats
    y: Floats
    colour: int = 0
    points: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class PlotView:
    """What a plot shows.

    Attributes:
        series: the curves; a later one is drawn over an earlier one.
        start, stop: the ends of the x-axis.
        log: a logarithmic y-axis.
        cursor: an x that is marked with a line, None without.
        marks: further x with a sign at the foot, such as alarms.
        title: what the y-axis is.
    """

    series: Sequence[Series]
    start: float
    stop: float
    log: bool = False
    cursor: float | None = None
    marks: Sequence[float] = ()
    title: str = ""


class CurvePlot(Widget):
    """Draws the view that it is given with `show`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "plot--axis",
        "plot--cursor",
        "plot--mark",
        *(f"plot--line-{number}" for number in range(COLOURS)),
    }
    DEFAULT_CSS = """
    CurvePlot {
        & > .plot--axis { color: $text-muted; }
        & > .plot--cursor { color: $text; }
        & > .plot--mark { color: $text-warning; }
        & > .plot--line-0 { color: $text-accent; }
        & > .plot--line-1 { color: $text-primary; }
        & > .plot--line-2 { color: $text-success; }
        & > .plot--line-3 { color: $text-error; }
        & > .plot--line-4 { color: $text-secondary; }
    }
    """

    class Clicked(Message):
        """The plot was clicked at an x."""

        def __init__(self, x: float) -> None:
            super().__init__()
            self.x = x

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view = PlotView((), 0, 1)
        self._lines: list[Strip] = []
        self._styles: dict[str, Style] = {}

    @property
    def columns(self) -> int:
        """How many characters wide the plot is, without its axis."""
        return max(1, self.size.width - GUTTER - 1)

    def show(self, view: PlotView) -> None:
        """Shows curves."""
        self._view, self._lines = view, []
        self.refresh()

    def legend(self, rows: int = 1) -> Text:
        """The names of the joined curves in their colours, with their letters, the last one first."""
        curves = [(letter, series.name, self._line(series.colour)) for letter, series in self._named()]
        return legend_text(curves, self.size.width, rows)

    def letter(self, number: int) -> str:
        """The letter of a joined curve, counted from the one drawn last; empty where there is but one."""
        named = self._named()
        return named[number][0] if number < len(named) else ""

    def colour_of(self, number: int) -> Style:
        """The style of one of the plot's colours."""
        return self._line(number)

    def notify_style_update(self) -> None:
        """Draws anew, since the theme may have changed."""
        super().notify_style_update()
        self._lines, self._styles = [], {}

    def on_resize(self) -> None:
        """Draws anew for the new room."""
        self._lines = []

    def on_click(self, event: Click) -> None:
        """Tells which x is under the mouse."""
        place = event.get_content_offset(self)
        if place and GUTTER < place.x <= GUTTER + self.columns:
            view = self._view
            part = (place.x - GUTTER - 0.5) / self.columns
            self.post_message(self.Clicked(view.start + part * (view.stop - view.start)))

    def render_line(self, y: int) -> Strip:
        """One line of the plot."""
        if not self._lines:
            self._lines = self._draw()
        return self._lines[y] if y < len(self._lines) else Strip.blank(self.size.width, self.rich_style)

    def _draw(self) -> list[Strip]:
        rows, columns, view = self.size.height - 2, self.columns, self._view
        if rows < 1 or self.size.width < GUTTER + 4:
            return [Strip.blank(self.size.width, self.rich_style)] * self.size.height
        inside = [_inside(series, view) for series in view.series]
        axis = axis_of(self._deciding([y for _, y in inside]), view.log)
        characters, owners = self._cells(axis, rows, columns)
        signs = self._signs(axis, rows, characters[0])
        at = -1 if view.cursor is None else self._column(view.cursor)
        labels = self._labels(axis, rows)
        lines = []
        for row in range(rows):
            segments = [Segment(f"{labels.get(row, ''):>{GUTTER - 1}} ", self._style("axis"))]
            segments.append(Segment("┤" if row in labels else "│", self._style("axis")))
            segments += self._row(characters[row], owners[row], signs[row], at)
            lines.append(Strip(segments).adjust_cell_length(self.size.width, self._style("")))
        return [*lines, self._foot(at), self._x_labels()]

    def _cells(self, axis: Axis, rows: int, columns: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The dots of each character, and the colour of the last curve that has dots there (−1 for none)."""
        view = self._view
        dots, owners = np.zeros((rows, columns), np.uint8), np.full((rows, columns), -1)
        for series in view.series:
            if series.points:
                continue
            found = line_dots(axis.place(spread(series.x, series.y, view.start, view.stop, columns)), rows)
            mine = found > 0
            joins = owners[mine] == series.colour
            dots[mine] = np.where(joins, dots[mine] | found[mine], found[mine])
            owners[mine] = series.colour
        return dots, owners

    def _deciding(self, values: Sequence[Floats]) -> Floats:
        """The values of the curves that the y-axis has room for."""
        return np.concatenate([np.zeros(0), *values])

    def _has_name(self, series: Series) -> bool:
        """The curve stands in the legend."""
        return not series.points

    def _named(self) -> list[tuple[str, Series]]:
        """The curves of the legend, the last one first, each with the letter that tells it from others."""
        curves = [one for one in reversed(self._view.series) if self._has_name(one)]
        letters = ascii_letters if len(curves) > 1 else ""
        return [(letters[number : number + 1], series) for number, series in enumerate(curves)]

    def _letters(self, axis: Axis, signs: list[dict[int, Segment]]) -> None:
        """Writes each curve's letter near its end, not all at one place, so that equal curves keep theirs."""
        view = self._view
        for number, (letter, series) in enumerate(self._named()):
            x, y = _inside(series, view)
            x, y = x[np.isfinite(y)], y[np.isfinite(y)]
            if not letter or not len(x):
                continue
            last = self._column(float(x[-1]))
            span = last - self._column(float(x[0])) + 1
            for shift in range(span):
                column = last - (LETTERS_APART * number + shift) % span
                at = view.start + (column + 0.5) / self.columns * (view.stop - view.start)
                place = float(axis.place(np.interp([at], x, y))[0])
                row = _row_of(place, len(signs))
                if column not in signs[row]:
                    signs[row][column] = Segment(letter, self._line(series.colour) + BOLD)
                    break

    def _signs(self, axis: Axis, rows: int, top: NDArray[np.uint8]) -> list[dict[int, Segment]]:
        """What stands in each row over the lines, by column: points, and where the top row has room what they are."""
        signs: list[dict[int, Segment]] = [{} for _ in range(rows)]
        self._letters(axis, signs)
        for series in self._view.series:
            x, y = _inside(series, self._view)
            if not series.points or not np.isfinite(y).any():
                continue
            style = self._line(series.colour)
            for column, place in self._some_points(x[np.isfinite(y)], axis.place(y[np.isfinite(y)])):
                row = _row_of(place, rows)
                signs[row].setdefault(column, Segment(POINT, style))
            note = f"{POINT} {series.name} "
            first = len(top) - len(note)
            if rows > 3 and first > 0 and not signs[0] and not top[first:].any():
                signs[0] = {first + i: Segment(letter, style) for i, letter in enumerate(note)}
        return signs

    def _some_points(self, x: Floats, places: Floats) -> list[tuple[int, float]]:
        """Column and place of each point, the last one first; of many only some, so that the lines stay in sight."""
        points = [(self._column(at), place) for at, place in zip(x.tolist(), places.tolist(), strict=True)][::-1]
        if len(points) * POINTS_APART <= self.columns:
            return points
        found = points[:1]
        for point in points[1:]:
            if found[-1][0] - point[0] >= POINTS_APART:
                found.append(point)
        return found

    def _row(
        self, dots: NDArray[np.uint8], owners: NDArray[np.int64], signs: dict[int, Segment], at: int
    ) -> list[Segment]:
        text = dots.tobytes().decode("latin-1").translate(BRAILLE)
        single = np.array([*signs, *([at] if at >= 0 else [])], np.int64)
        edges = np.unique(np.concatenate([np.flatnonzero(np.diff(owners)) + 1, single, single + 1]))
        bounds = [0, *(edge for edge in edges.tolist() if 0 < edge < len(text)), len(text)]
        found = []
        for start, stop in zip(bounds, bounds[1:], strict=False):
            if start in signs:
                found.append(signs[start])
            elif start == at:
                found.append(Segment("│" if text[start] == " " else text[start], self._style("cursor")))
            else:
                owner = int(owners[start])
                found.append(Segment(text[start:stop], self._style("") if owner < 0 else self._line(owner)))
        return found

    def _labels(self, axis: Axis, rows: int) -> dict[int, str]:
        values = ticks(axis, max(3, rows // 3))  # of two, one alone may be left, which is no scale
        places = axis.place(np.array(values, float)) if values else np.zeros(0)
        return {_row_of(place, rows): tick_text(value) for place, value in zip(places.tolist(), values, strict=True)}

    def _foot(self, at: int) -> Strip:
        line = ["─"] * self.columns
        for value in self._x_ticks():
            line[self._column(value)] = "┬"
        signs = {self._column(x): "!" for x in self._view.marks if self._view.start <= x <= self._view.stop}
        signs |= {at: "▲"} if at >= 0 else {}
        cells: list[Segment] = []
        done = 0
        for column in sorted(signs):
            cells.append(Segment("".join(line[done:column]), self._style("axis")))
            cells.append(Segment(signs[column], self._style("cursor" if column == at else "mark")))
            done = column + 1
        cells.append(Segment("".join(line[done:]), self._style("axis")))
        title = self._view.title[: GUTTER - 1]
        return Strip([Segment(f"{title:>{GUTTER - 1}} └", self._style("axis")), *cells]).simplify()

    def _x_labels(self) -> Strip:
        line = [" "] * (self.size.width)
        for value in self._x_ticks():
            text = tick_text(value)
            first = max(0, GUTTER + 1 + self._column(value) - len(text) // 2)
            if first + len(text) <= len(line) and all(c == " " for c in line[max(0, first - 1) : first + len(text)]):
                line[first : first + len(text)] = text
        return Strip([Segment("".join(line), self._style("axis"))])

    def _x_ticks(self) -> list[float]:
        view = self._view
        return ticks(Axis(view.start, max(view.stop, view.start + 1e-9)), max(1, self.columns // 10))

    def _column(self, x: float) -> int:
        view = self._view
        part = (x - view.start) / max(view.stop - view.start, 1e-12)
        return min(self.columns - 1, max(0, int(part * self.columns)))

    def _style(self, name: str) -> Style:
        # Working a style out takes longer than drawing a line with it.
        if name not in self._styles:
            self._styles[name] = self.rich_style + (self.get_component_rich_style(f"plot--{name}") if name else Style())
        return self._styles[name]

    def _line(self, colour: int) -> Style:
        return self._style(f"line-{colour % COLOURS}")


def _inside(series: Series, view: PlotView) -> tuple[Floats, Floats]:
    inside = (series.x >= view.start) & (series.x <= view.stop)
    return series.x[inside], series.y[inside]


def _row_of(place: float, rows: int) -> int:
    """The row in which a place between 0, the low end, and 1 lies."""
    return min(rows - 1, max(0, int((1 - place) * rows)))
