"""A small app that draws the curves of a training table: contenders over each other, by epoch or by second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from nnstep.training_curves import MEASURES, Course, groups_of
from nnstep_tui.app_parts import PlainNotices
from nnstep_tui.keys import key
from nnstep_tui.widgets.curve_plot import COLOURS, CurvePlot, PlotView, Series
from nnstep_tui.widgets.key_line import KeyLine

EVERYTHING = "all ways of training"
SHORT = {"test loss": "loss", "accuracy %": "%", "strict accuracy %": "%"}


class CurvesApp(PlainNotices[None]):
    """Draws the curves of some courses.

    Args:
        courses: what to draw.
        title: where they come from.
    """

    TITLE = "nnstep"
    CSS = """
    #title { height: 1; background: $primary; color: $text; }
    #curve { height: 1fr; min-height: 6; }
    #rows { height: auto; max-height: 50%; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        key("m,right", "measure(1)", "measure", "error, loss or accuracy on the test set", "m", show=True),
        key("M,left", "measure(-1)", "measure before", "the measure before", "M"),
        key("tab,down", "group(1)", "next way of training", "what was trained, and how", "Tab", show=True),
        key("shift+tab,up", "group(-1)", "way before", "the way of training before", "⇧ Tab"),
        key("x", "time", "epochs or seconds", "by epoch or by second of training", show=True),
        key("L", "log", "log scale", "linear or logarithmic", show=True),
        key("q,escape", "quit", "leave", "leave", "q", show=True),
    ]

    def __init__(self, courses: Sequence[Course], title: str) -> None:
        super().__init__()
        self._courses, self._from = courses, title
        self._groups = [*groups_of(courses), EVERYTHING]
        self._measure = self._group = 0
        self._logarithmic = self._by_seconds = False

    def compose(self) -> ComposeResult:
        """What is drawn, the curves, and a line of numbers for each."""
        yield Static(id="title", markup=False)
        yield CurvePlot(id="curve")
        yield Static(id="rows", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Draws when the layout is known."""
        self.call_after_refresh(self._show)

    def action_measure(self, move: int) -> None:
        """Another measure."""
        self._measure = (self._measure + move) % len(MEASURES)
        self._show()

    def action_group(self, move: int) -> None:
        """Another way of training, or all."""
        self._group = (self._group + move) % len(self._groups)
        self._show()

    def action_time(self) -> None:
        """By epoch or by second."""
        self._by_seconds = not self._by_seconds
        self._show()

    def action_log(self) -> None:
        """Linear or logarithmic."""
        self._logarithmic = not self._logarithmic
        self._show()

    def _show(self) -> None:
        group, measure = self._groups[self._group], MEASURES[self._measure]
        shown = [course for course in self._courses if group in (course.group, EVERYTHING)]
        x = [course.seconds if self._by_seconds else course.epochs for course in shown]
        # One colour each; where all ways are shown, one for each way.
        colours = [self._groups.index(one.group) if group == EVERYTHING else i for i, one in enumerate(shown)]
        series = [
            Series(course.name, x[number], course.measures[measure], colours[number] % COLOURS)
            for number, course in enumerate(shown)
        ]
        stop = max((float(one[-1]) for one in x if len(one)), default=1.0)
        start = 0.0 if self._by_seconds else 1.0
        plot = self.query_one(CurvePlot)
        # The first contender is drawn last, so that it is seen where curves are equal.
        plot.show(
            PlotView(series[::-1], start, max(stop, start + 1e-9), self._logarithmic, title=SHORT.get(measure, measure))
        )
        by = "second" if self._by_seconds else "epoch"
        scale = ", log scale" if self._logarithmic else ""
        title = Text(f" {self._from} · {measure} by {by}{scale} · {group}", no_wrap=True, overflow="ellipsis")
        self.query_one("#title", Static).update(title)
        self.query_one("#rows", Static).update(self._rows(plot, shown, colours, group == EVERYTHING))

    def _rows(self, plot: CurvePlot, shown: Sequence[Course], colours: Sequence[int], with_group: bool) -> Text:
        text = Text(no_wrap=True, overflow="ellipsis")
        wide = max(len(course.name) for course in shown)
        for number, (course, colour) in enumerate(zip(shown, colours, strict=True)):
            text.append(f" {plot.letter(number)}━━ ", plot.colour_of(colour % COLOURS))
            text.append(f"{course.name:{wide}}  ")
            text.append(f"{course.group.rpartition(': ')[2]}\n" if with_group else f"{course.says()}\n")
        text.rstrip()
        return text
