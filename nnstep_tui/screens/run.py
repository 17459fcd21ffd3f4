"""The run screen: whole epochs, live, with the curve of the error, scores, mistakes and weights, and back in time."""

from __future__ import annotations

import time

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.widgets import Static

from nnstep.command_output import clock
from nnstep.errors import NnstepError
from nnstep.first_layer import first_layer
from nnstep.network import loss_text
from nnstep.run_curves import RunCurves
from nnstep.run_text import memory_text, pulse_lines, score_lines
from nnstep.runs import notes_of, read_run, restore_branches, save_run
from nnstep.scoring import Mistake
from nnstep.statistics import output_text
from nnstep.student_code import running
from nnstep_tui.screens.ask import Ask
from nnstep_tui.screens.help import HelpScreen
from nnstep_tui.screens.run_recalling import RunRecalling
from nnstep_tui.screens.run_training import TRAINING, RunTraining
from nnstep_tui.widgets.confusion import ConfusionView
from nnstep_tui.widgets.curve_plot import CurvePlot, PlotView, Series
from nnstep_tui.widgets.gallery import Gallery
from nnstep_tui.widgets.key_line import KeyLine
from nnstep_tui.widgets.legend import shortened
from nnstep_tui.widgets.pages import Pages
from nnstep_tui.widgets.tensor_picture import View

REDRAW_SECONDS = 0.35
"""While it trains, the curve and the pages below take turns: a key that comes then waits for one of them at most."""
PAGES = ("layers", "scores", "confusion", "mistakes", "weights", "alarms")
SMOOTH = 100
LONG_CALL = 1.0
LONGEST_NAME, LEGEND_ROWS = 32, 3
PRESENT, MEANS, LARGEST, OTHERS = 0, 2, 4, (1, 3, 4)  # colours of curves


class RunPages(Pages):
    """What stands below the curve."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(PAGES, least=60, id=id)

    def compose(self) -> ComposeResult:
        """The pages."""
        for name in ("layers", "scores"):
            page = Static(id=name, markup=False)
            page.border_title = name
            yield page
        yield ConfusionView(id="confusion")
        yield Static(id="alarms", markup=False)
        for name in ("mistakes", "weights"):
            gallery = Gallery(id=name)
            gallery.border_title = name
            yield gallery


class RunScreen(RunTraining, RunRecalling):
    """Shows a run while it trains, and any moment of it afterwards."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall"), (54, "-high")]
    AUTO_FOCUS = ""

    def compose(self) -> ComposeResult:
        """The numbers above, the curve, the sample at the cursor, the pages below."""
        yield Static(id="progress", markup=False)
        yield CurvePlot(id="curve")
        yield Static(id="legend")
        yield Static(id="readout", markup=False)
        yield RunPages(id="pages")
        yield KeyLine()

    def on_mount(self) -> None:
        """Shows what is known when the layout is."""
        self._waiting = self._turning = self._turn_of_pages = False
        self._pages_due = True
        self._turned = 0.0
        self.call_after_refresh(self.show)
        if self.debugger.stack.keeper:
            self.set_interval(LONG_CALL, self._tell_long_call)

    def on_resize(self) -> None:
        """Draws anew for the new size."""
        self.call_after_refresh(self.show)

    def on_screen_resume(self) -> None:
        """Draws what happened meanwhile."""
        self.show()

    def on_descendant_focus(self) -> None:
        """The cursor came into the matrix, or left it."""
        self.show()

    def show(self) -> None:
        """Draws everything anew; where several keys wait, once after the last of them."""
        self._pages_due = True
        self.show_upper()

    def show_upper(self) -> None:
        """Draws all but the pages anew."""
        if not getattr(self, "_waiting", True):
            self._waiting = True
            self.call_later(self._draw)

    @on(RunTraining.Reported)
    def _show_progress(self, event: RunTraining.Reported) -> None:
        if time.monotonic() - self._turned > REDRAW_SECONDS and not (self._waiting or self._turning):
            self._turning = True
            self.call_later(self._draw_in_turn)

    def action_log(self) -> None:
        """Linear or logarithmic error."""
        self.looks.log = not self.looks.log
        self.show_upper()

    def action_highest(self) -> None:
        """The largest losses, or not."""
        self.looks.highest = not self.looks.highest
        self.show_upper()

    def action_single(self) -> None:
        """The curve alone, or not."""
        self.looks.single = not self.looks.single
        self.show()
        self.call_after_refresh(self.show)

    def action_page(self) -> None:
        """What the pane below shows."""
        self.looks.single, self.looks.leaf = False, 0
        self.query_one(RunPages).next_page()
        self.show()
        self.call_after_refresh(self.show)

    def action_leaf(self, direction: int) -> None:
        """More of the gallery."""
        pages = self.query_one(RunPages)
        gallery = pages.query_one("#weights" if pages.page == "weights" else "#mistakes", Gallery)
        count = len(self._weights()) if pages.page == "weights" else len(self.mistakes())
        step = direction * gallery.places
        if 0 <= self.looks.leaf + step < count:
            self.looks.leaf += step
        self.show()

    def action_overlay(self) -> None:
        """The curves of a saved run, or none."""
        if self.looks.overlays:
            self.looks.overlays.clear()
            self.show()
            return

        def accept(path: str) -> None:
            run = read_run(path)
            branches = {branch.name: branch for branch in restore_branches(run)}
            self.looks.overlays[path] = RunCurves(branches, int(run.meta["samples"]))
            self.show()

        self.app.push_screen(Ask("Show the curves of a saved run:", accept, "", "Such as run.nnrun"))

    def action_alarm(self) -> None:
        """The next alarm."""
        alarms = self.debugger.alarms
        if not alarms:
            self.notify("No alarm so far.")
            return
        self.looks.alarm = (self.looks.alarm + 1) % len(alarms)
        alarm = alarms[self.looks.alarm]
        self.cursor.put_count(self.timeline.count_of(alarm.position))
        self.looks.single = False
        self.query_one(RunPages).show_page("alarms")
        self.show()
        self.call_after_refresh(self.show)

    def action_enter(self) -> None:
        """The cursor into the confusion matrix."""
        self.looks.single = False
        self.query_one(RunPages).show_page("confusion")
        self.set_focus(self.query_one(ConfusionView))
        self.show()
        self.call_after_refresh(self.show)

    def action_cell(self, down: int, right: int) -> None:
        """Another cell of the matrix."""
        self.query_one(ConfusionView).move(down, right)

    def action_choose_cell(self) -> None:
        """The digits of the cell."""
        self._show_cell(*self.query_one(ConfusionView).cell)

    def action_leave_cell(self) -> None:
        """Out of the matrix; all mistakes again."""
        self.set_focus(None)
        self.looks.cell, self.looks.leaf = None, 0
        self.show()

    def action_save_run(self) -> None:
        """Asks for a file, and saves the run when it stands still."""

        def save(path: str) -> None:
            if not path:
                raise NnstepError("expected the name of a file, such as run.nnrun")
            name = path if path.endswith(".nnrun") else f"{path}.nnrun"
            save_run(name, self.timeline, self.app.config, notes=notes_of(self.debugger))
            self.app.saved()
            self.notify(f"Saved {name}")

        question = Ask("Save the whole run as", save, "run.nnrun", "A file of that name is replaced")
        self.halt(lambda: self.app.push_screen(question))

    def action_stop(self) -> None:
        """Back to stepping, where the run has come; back to all mistakes first where those of one cell are shown."""
        if self.looks.cell:
            self.action_leave_cell()
            return
        self.halt(lambda: self.app.to_stepping(self._to_head))

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen(run=True))

    def mistakes(self) -> list[Mistake]:
        """The held-out digits that the gallery shows, worst first."""
        answers = self.app.answers
        if answers is None:
            return []
        return answers.cell(*self.looks.cell) if self.looks.cell else answers.mistakes()

    @on(CurvePlot.Clicked)
    def _put_cursor(self, event: CurvePlot.Clicked) -> None:
        self.cursor.put_count(event.x)
        self.show_upper()

    @on(ConfusionView.Chosen)
    def _enter_cell(self, event: ConfusionView.Chosen) -> None:
        self._show_cell(event.label, event.said)

    def _show_cell(self, label: int, said: int) -> None:
        self.looks.cell, self.looks.leaf = (label, said), 0
        self.query_one(RunPages).show_page("mistakes")
        self.show()
        self.call_after_refresh(self.show)

    def _to_head(self) -> None:
        if not self.timeline.at_head and not self.timeline.branch.diverged:
            self.timeline.go_to_head()
        self.debugger.enter()

    def _draw(self) -> None:
        self._waiting = False
        if not self.is_mounted or not self.query(RunPages):
            return
        pages = self.query_one(RunPages)
        pages.display = not self.looks.single
        pages.set_class(pages.page in ("layers", "scores") and pages.room == 1, "-low")
        self._draw_upper()
        if self._pages_due:
            self._draw_pages(pages)

    def _draw_in_turn(self) -> None:
        self._turning = False
        if not self.is_mounted or not self.query(RunPages):
            return
        self._turned = time.monotonic()
        pages = self.query_one(RunPages)
        self._turn_of_pages = pages.display and not self._turn_of_pages
        if self._turn_of_pages:
            self._draw_pages(pages)
        else:
            self._draw_upper()

    def _draw_upper(self) -> None:
        self.query_one("#progress", Static).update("\n".join(self._progress_lines()))
        self._draw_curve()
        self.query_one("#readout", Static).update(f" {self.cursor.describe()}")

    def _progress_lines(self) -> list[str]:
        timeline, last = self.timeline, self.last
        branch = timeline.branch
        first = f" {self.state} · η {branch.settings.learning_rate:g} · engine {timeline.engine.name}"
        if len(timeline.branches) > 1:
            first += f" · {shortened(branch.name, LONGEST_NAME)}"
        first += f" · {memory_text(timeline)}"
        if self.debugger.alarms:
            first += f" · {len(self.debugger.alarms)} alarm{'s' if len(self.debugger.alarms) > 1 else ''} (A)"
        lookout = self.flight.trainer.lookout if self.flight else None
        if lookout:
            slow = ", looking at each sample's steps" if lookout.looks_at_frames else ""
            first += f" · stops at breakpoints{slow}"
        if self.trouble:
            return [first, f" {self.trouble}"]
        if long_call := self._long_call():
            return [first, f" {long_call} · Esc stops it"]
        if last is None:
            if self.state != TRAINING:
                return [first, " Space trains"]
            compiling = "the first time ever the engine is compiled, which takes some seconds"
            return [first, f" starting; {compiling}" if timeline.engine.name == "numba" else " starting"]
        second = (
            f" epoch {last.epoch}/{self.epochs} · sample {last.sample:,}/{last.samples:,}"
            f" · error {loss_text(last.error)} · {last.rate:,.0f} samples/s"
        )
        return [first, second + (f" · {clock(last.seconds_left)} left" if self.busy else "")]

    def _long_call(self) -> str:
        """Which function of a student's has been running for long; empty where none has."""
        what, seconds = running() if self.busy and self.debugger.stack.keeper else ("", 0.0)
        return f"{what} has been running for {seconds:.0f} s" if seconds >= LONG_CALL else ""

    def _tell_long_call(self) -> None:
        if self.is_current and self._long_call():
            self.query_one("#progress", Static).update("\n".join(self._progress_lines()))

    def _draw_curve(self) -> None:
        plot, (start, stop) = self.query_one(CurvePlot), self.shown
        smooth = (stop - start) // SMOOTH
        series: list[Series] = []
        names = [name for name in list(self.timeline.branches) if name != self.timeline.branch.name]
        for path, overlay in self.looks.overlays.items():
            for name in overlay.branches:
                series.append(self._line(overlay, name, f"{path} {name}", len(series) + 1, smooth))
        for name in names:
            series.append(self._line(self.curves, name, name, len(series) + 1, smooth))
        present = self.timeline.branch.name
        window = self.curves.window(present, start, stop, 2 * plot.columns, smooth)
        if self.looks.highest:
            series.append(Series("largest", window.x, window.high, LARGEST))
        series.append(Series(present, window.x, window.mean, PRESENT))
        means = self.curves.epoch_means(present)
        ends = np.array([epoch * self.curves.per_epoch for epoch, _ in means], float)
        done = ends <= self.curves.extent(present)[1]
        heights = np.array([mean for _, mean in means])[done]
        series.append(Series("mean of an epoch", ends[done], heights, MEANS, points=True))
        cursor = None if self.cursor.here < 0 else float(self.cursor.place()[1])
        marks = [float(at) for at in self.app.marks()]
        plot.show(PlotView(series, start, stop, self.looks.log, cursor, marks, "error"))
        legend = self.query_one("#legend", Static)
        legend.display = len(series) > 2
        if legend.display:
            legend.update(plot.legend(LEGEND_ROWS))

    def _line(self, curves: RunCurves, name: str, title: str, number: int, smooth: int) -> Series:
        start, stop = self.shown
        window = curves.window(name, start, stop, 2 * self.query_one(CurvePlot).columns, smooth)
        return Series(title, window.x, window.mean, OTHERS[(number - 1) % len(OTHERS)])

    def _draw_pages(self, pages: RunPages) -> None:
        self._pages_due = False
        if not pages.display:
            return
        branch = self.timeline.branch
        if pages.shows("layers"):
            page = pages.query_one("#layers", Static)
            page.update("\n".join(pulse_lines(self.timeline, page.size.width)), layout=False)
        if pages.shows("scores"):
            page = pages.query_one("#scores", Static)
            means = self.curves.epoch_means(branch.name)
            lines = score_lines(branch, means, self.curves.per_epoch, page.size.height, page.size.width)
            page.update("\n".join(lines), layout=False)
        if pages.shows("confusion"):
            answers = self.app.answers
            known = answers.score() if answers is not None else None
            title = f"{known.correct:,} of {known.samples:,} right" if known else ""
            pages.query_one(ConfusionView).show(known.confusion if known else None, title)
        if pages.shows("alarms"):
            self._draw_alarms(pages.query_one("#alarms", Static))
        if pages.shows("mistakes"):
            self._draw_mistakes(pages.query_one("#mistakes", Gallery))
        if pages.shows("weights"):
            gallery = pages.query_one("#weights", Gallery)
            leaf = self.looks.leaf if pages.page == "weights" else 0
            views = self._weights()
            gallery.border_subtitle = "" if views else "the first weights do not stand for pixels"
            gallery.show(views[leaf : leaf + gallery.places], -1)

    def _draw_alarms(self, page: Static) -> None:
        alarms = self.debugger.alarms
        chosen = max(0, min(self.looks.alarm, len(alarms) - 1))
        page.border_title = f"alarm {chosen + 1} of {len(alarms)}" if alarms else "alarms"
        page.border_subtitle = "A: the next, Enter opens it" if alarms else ""
        width = max(24, page.size.width)
        page.update(alarms[chosen].text(width) if alarms else "nothing seems wrong so far", layout=False)

    def _draw_mistakes(self, gallery: Gallery) -> None:
        found, test = self.mistakes(), self.app.test
        leaf = self.looks.leaf if self.query_one(RunPages).page != "weights" else 0
        cell = self.looks.cell
        gallery.border_title = f"label {cell[0]}, said {cell[1]}" if cell else "mistakes, worst first"
        gallery.border_subtitle = (
            f"{len(found):,} held-out digits" if self.app.answers is not None else "not scored yet"
        )
        shown = found[leaf : leaf + gallery.places] if test is not None else []
        views = []
        for one in shown:
            assert test is not None
            pixels = test.inputs(slice(one.row, one.row + 1))
            words = output_text(one.confidence)
            views.append(
                View(
                    f"{one.label} said {one.said}",
                    pixels,
                    test.shape,
                    legend=False,
                    plain=True,
                    subtitle=words,
                    limit=1.0,
                )
            )
        gallery.show(views, -1)

    def _weights(self) -> list[View]:
        """What the first layer's units or filters look for, one picture each."""
        first = first_layer(self.timeline.stack, self.timeline.samples.shape)
        if first is None:
            return []
        return [
            View(f"{first.kind} {number}", picture[None], first.shape, legend=False, plain=True)
            for number, picture in enumerate(first.pictures)
        ]
