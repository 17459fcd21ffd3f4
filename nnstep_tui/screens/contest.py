"""The contest screen: the leaderboard live, the errors above each other, and a contender in detail."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import DataTable, Static
from textual.worker import get_current_worker

from nnstep.command_output import clock
from nnstep.errors import NnstepError
from nnstep.wars.rerun import job_of
from nnstep.wars.standings import Standing, Standings
from nnstep_tui.contest_looks import details_text, shown_curves
from nnstep_tui.keys import CONTEST
from nnstep_tui.screens.contest_help import ContestHelp
from nnstep_tui.screens.opening import Opening, OpeningScreen
from nnstep_tui.widgets.contest_plot import GREY, ContestPlot
from nnstep_tui.widgets.curve_plot import PlotView
from nnstep_tui.widgets.key_line import KeyLine
from nnstep_tui.widgets.standings import StandingsTable

if TYPE_CHECKING:
    from nnstep_tui.contest import ContestApp

LOOK_SECONDS = 0.25
ROOMS = ("both", "table", "curves")


class ContestScreen(Screen[None]):
    """Follows a contest; its keys choose a contender, its curves, and what becomes of the contest."""

    app: ContestApp
    BINDINGS: ClassVar[list[BindingType]] = [*CONTEST]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    AUTO_FOCUS = ""

    class Looked(Message):
        """How the contest stands, or why that cannot be told."""

        def __init__(self, boards: tuple[Standings, ...], error: str = "") -> None:
            super().__init__()
            self.boards, self.error = boards, error

    def __init__(self) -> None:
        super().__init__()
        self.boards: tuple[Standings, ...] = ()
        self._leave = threading.Event()
        self._told = ""

    def compose(self) -> ComposeResult:
        """The contest, the leaderboard, the curves, the chosen contender."""
        yield Static(id="contest", markup=False)
        yield StandingsTable(id="board")
        with Container(id="below"):
            with Vertical(id="plot"):
                yield ContestPlot(id="curve")
                yield Static(id="legend")
            yield Static(id="details", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Begins to follow."""
        self._follow()

    def on_unmount(self) -> None:
        """Lets the thread that follows end."""
        self._leave.set()

    def on_resize(self) -> None:
        """Draws anew for the new size."""
        self.call_after_refresh(self.show)

    @property
    def board(self) -> Standings | None:
        """The leaderboard that is shown."""
        return self.boards[self.app.looks.board % len(self.boards)] if self.boards else None

    @property
    def chosen(self) -> Standing | None:
        """The contender at the cursor."""
        board = self.board
        if board is None or not board.lines:
            return None
        return board.lines[board.find(self.app.looks.chosen) or 0]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for what is not there are hidden."""
        if action == "board":
            return len(self.boards) > 1
        return self.app.watched.process is not None if action == "pause" else True

    @work(thread=True, exclusive=True, exit_on_error=False, group="following")
    def _follow(self) -> None:
        worker = get_current_worker()
        while not worker.is_cancelled:
            try:
                self.post_message(self.Looked(self.app.watched.follower.look()))
            except NnstepError as error:
                self.post_message(self.Looked((), str(error)))
            if self._leave.wait(LOOK_SECONDS):
                return

    @on(Looked)
    def _take(self, event: Looked) -> None:
        if event.error and event.error != self._told:
            self.notify(event.error, severity="error")
        self._told = event.error
        if event.boards or not event.error:
            several = len(event.boards) != len(self.boards)
            self.boards = event.boards
            if several:
                self.refresh_bindings()
        self.app.look_after()
        self.show()

    def show(self) -> None:
        """Draws everything that has changed."""
        if not self.is_mounted or not self.query("#board"):
            return
        self.query_one("#contest", Static).update(self._heading())
        board, looks = self.board, self.app.looks
        table = self.query_one(StandingsTable)
        table.display = looks.room != "curves"
        table.set_class(looks.room == "table", "-alone")
        self.query_one("#below").display = looks.room != "table"
        if board is None:
            self.query_one("#details", Static).update("no results yet")
            return
        plot = self.query_one(ContestPlot)
        series = shown_curves(board, self.chosen, looks)
        longest = max((float(one.x[-1]) for one in series if len(one.x)), default=1.0)
        plot.show(PlotView(series, 1, max(2.0, longest), looks.log, title="error"))
        self.query_one("#legend", Static).update(plot.legend())
        styles = {one.name: plot.colour_of(one.colour) for one in series if one.colour != GREY}
        table.show(board.lines, board.find(looks.chosen) or 0, styles)
        details = details_text(self.chosen, looks.seed, self.has_class("-narrow"))
        self.query_one("#details", Static).update(details)

    def action_move(self, by: int) -> None:
        """Another contender."""
        board = self.board
        if board and board.lines:
            number = min(max((board.find(self.app.looks.chosen) or 0) + by, 0), len(board.lines) - 1)
            self._choose(number)

    def action_page(self, by: int) -> None:
        """A page of contenders on or back."""
        self.action_move(by * max(1, self.query_one(StandingsTable).size.height - 2))

    def action_seed(self) -> None:
        """The next seed."""
        self.app.looks.seed += 1
        self.show()

    def action_mark(self) -> None:
        """Its curve, or no longer."""
        if self.chosen:
            marks, name = self.app.looks.marks, self.chosen.name
            marks.remove(name) if name in marks else marks.append(name)
            self.show()

    def action_all(self) -> None:
        """All curves, or no longer."""
        self.app.looks.all = not self.app.looks.all
        self.show()

    def action_log(self) -> None:
        """The other scale."""
        self.app.looks.log = not self.app.looks.log
        self.show()

    def action_zoom(self) -> None:
        """The next way to share the room."""
        self.app.looks.room = ROOMS[(ROOMS.index(self.app.looks.room) + 1) % len(ROOMS)]
        self.show()
        self.call_after_refresh(self.show)

    def action_board(self) -> None:
        """The next leaderboard."""
        self.app.looks.board += 1
        self.show()

    def action_pause(self) -> None:
        """Stops the contest, or goes on with it."""
        self.app.pause(self.board.missing if self.board else 0)
        self.show()

    def action_help(self) -> None:
        """The keys."""
        self.app.push_screen(ContestHelp())

    def action_open(self) -> None:
        """The debugger in the chosen run."""
        try:
            opening = self._opening()
        except NnstepError as error:
            self.notify(str(error), severity="warning")
            return
        if opening.kept:
            self.app.open_run(opening.kept)
        else:
            self.app.push_screen(OpeningScreen(opening), self.app.open_run)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """The mouse has chosen a contender."""
        table, board = self.query_one(StandingsTable), self.board
        if board and table.has_focus and event.cursor_row == table.cursor_row < len(board.lines):
            self._choose(event.cursor_row)

    def _choose(self, number: int) -> None:
        assert self.board
        self.app.looks.chosen, self.app.looks.seed = self.board.lines[number].name, 0
        self.show()

    def _heading(self) -> Text:
        board, watched = self.board, self.app.watched
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f" {board.board.title if board else ''}\n", "bold")
        text.append(f" {self.app.state(board.missing if board else 0)}")
        if board and watched.process:
            text.append(f" · {board.done} of {board.total} runs done")
        elif board:
            text.append(f" · {board.done} runs")
        if board and board.running:
            text.append(f" · {board.running} at work")
        if watched.process and watched.process.running:
            text.append(f" · {clock(time.monotonic() - self.app.looks.began)}")
        if len(self.boards) > 1:
            text.append(f" · data set {self.app.looks.board % len(self.boards) + 1} of {len(self.boards)}")
        return text

    def _opening(self) -> Opening:
        """What Enter opens."""
        line, watched = self.chosen, self.app.watched
        if line is None:
            raise NnstepError("there is no contender yet")
        runs = [*line.entry.rows, *line.live]
        if not runs:
            raise NnstepError(f"{line.name} has not begun")
        number = self.app.looks.seed % len(runs)
        if number < len(line.entry.rows):
            row = line.entry.rows[number]
            job = job_of(row)
        else:
            key = str(line.live[number - len(line.entry.rows)]["key"])
            if key not in watched.jobs:
                raise NnstepError(f"{line.name} is still at work")
            job = watched.jobs[key]
        kept = watched.kept_run(job.key)
        done = self.app.folder / f"{job.key}.nnrun"
        return Opening(job, kept or (str(done) if done.is_file() else None), str(done), watched.data, watched.dataset)
