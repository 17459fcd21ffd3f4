"""Presses the keys of the contest screen and looks at what stands there."""

import os
import signal
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from pilot_app import notices, screen_text, text, until

from nnstep.cli import make_parser
from nnstep.data import load_data
from nnstep.samples import Dataset
from nnstep.wars.child import ContestProcess
from nnstep.wars.contest import Job, jobs_of
from nnstep.wars.contest_file import read_contest
from nnstep.wars.following import ContestFollower, ResultsFollower
from nnstep.wars.job import Result, run_job
from nnstep.wars.reports import FileReporter, Reports
from nnstep.wars.results import Results
from nnstep.wars.watch_command import Watched, watch
from nnstep_tui.contest import ContestApp
from nnstep_tui.contest_looks import ContestLooks
from nnstep_tui.keys import CONTEST
from nnstep_tui.screens.contest import ContestScreen
from nnstep_tui.screens.contest_help import ContestHelp
from nnstep_tui.screens.contest_leaving import ContestLeavingScreen
from nnstep_tui.screens.opening import OpeningScreen
from nnstep_tui.widgets.contest_plot import GREY, ContestPlot
from nnstep_tui.widgets.standings import StandingsTable

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
CONTEST_TOML = """
name = "small"
limit = 200
test_limit = 100
epochs = 3
seeds = 2
[defaults]
engine = "numpy"
[[contender]]
name = "good"
layers = "784,16,tanh,10,tanh"
[[contender]]
name = "wild"
layers = "784,16,relu,10,identity"
learning_rate = 50.0
[grid]
layers = "784,{hidden},tanh,10,tanh"
hidden = [4, 5, 6, 7, 8]
"""


class FakeProcess:
    """Stands for the process of a contest."""

    def __init__(self) -> None:
        self.running, self.stopping, self.stopped, self.failure = True, False, False, ""

    def start(self) -> None:
        self.running, self.stopping, self.stopped, self.failure = True, False, False, ""

    def stop(self) -> None:
        self.running, self.stopping, self.stopped = False, True, True


class Fight:
    """A small contest: its jobs are run, or reported as running, where a test says so."""

    def __init__(self, folder: Path) -> None:
        (folder / "c.toml").write_text(CONTEST_TOML)
        self.contest = read_contest(str(folder / "c.toml"))
        self.data: Dataset = load_data("samples", 200, 100)
        self.jobs = jobs_of(self.contest, self.data)
        self.results = Results(str(folder / "c.sqlite"))
        self.folder = folder

    def job(self, name: str, seed: int = 0) -> Job:
        return next(job for job in self.jobs if (job.name, job.seed) == (name, seed))

    def run(self, name: str, seed: int = 0) -> Result:
        result = run_job(self.job(name, seed), lambda report: None, self.data)
        self.results.add(result, "ann")
        return result

    def report(self, name: str, seed: int = 0, epoch: int = 2) -> None:
        job, reports = self.job(name, seed), Reports(self.results.path)
        reports.folder.mkdir(exist_ok=True)
        told = {"key": job.key, "group": job.group, "name": name, "seed": seed, "epoch": epoch, "epochs": 3}
        errors = [0.5 / number for number in range(1, epoch)]
        more = {"sample": 50, "samples": 200, "errors": errors, "seconds": 1.0, "budget": None}
        FileReporter(str(reports.folder))(told | more)

    def app(self, process: Any = None, looks: ContestLooks | None = None, title: str = "small: samples") -> ContestApp:
        follower = ContestFollower(self.contest, self.jobs, title, self.results)
        known = {job.key: job for job in self.jobs}
        watched = Watched(follower, process, (self.results.path,), known, None, self.data)
        return ContestApp(watched, looks or ContestLooks(), self.folder)


@pytest.fixture
def fight(tmp_path: Path) -> Fight:
    return Fight(tmp_path)


def row(app: ContestApp, number: int) -> str:
    return " ".join(str(cell) for cell in app.screen.query_one(StandingsTable).get_row_at(number))


def curves(app: ContestApp) -> dict[str, int]:
    """The colour of each curve that is drawn."""
    return {one.name: one.colour for one in app.screen.query_one(ContestPlot)._view.series}


async def shown(pilot: Any, app: ContestApp) -> None:
    await until(pilot, lambda: isinstance(app.screen, ContestScreen) and bool(app.screen.boards))
    await pilot.pause()


@SIZES
async def test_the_leaderboard_is_there_and_follows_what_happens(fight: Fight, size: tuple[int, int]) -> None:
    fight.run("good")
    fight.run("wild")
    fight.report("4")
    app = fight.app(FakeProcess())
    async with app.run_test(size=size) as pilot:
        await shown(pilot, app)
        assert "running · 2 of 14 runs done · 1 at work" in text(app, "#contest")
        assert "1━ good" in row(app, 0) and " % " in row(app, 0) and "12,730" in row(app, 0) and "1/2" in row(app, 0)
        assert (
            "4" in row(app, 1) and "0.50000" in row(app, 1) and ("epoch 2/3" if size[0] > 80 else "▶2/3") in row(app, 1)
        )
        last = app.screen.query_one(StandingsTable).row_count - 1
        assert "✗" in row(app, last) and "wild" in row(app, last) and "lost" in row(app, last)
        assert "error" in screen_text(app) and "good" in text(app, "#details")
        fight.run("5")
        await until(pilot, lambda: "3 of 14 runs done" in text(app, "#contest"))
        await pilot.pause()
        assert {row(app, 0).split()[1], row(app, 1).split()[1]} == {"good", "5"}
        assert "≈2" in row(app, 1)  # one network each on 100 digits: within noise


async def test_a_long_title_leaves_room_for_how_the_contest_stands(fight: Fight) -> None:
    title = "small: samples, 200 training and 100 test samples, at most 3 epochs, 10 s, 200,000 parameters"
    app = fight.app(FakeProcess(), title=title)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        first, second, *_ = screen_text(app).splitlines()
        assert first.strip().startswith("small: samples, 200") and "running · 0 of 14 runs done" in second


@SIZES
async def test_the_leaderboard_alone_takes_all_the_room(fight: Fight, size: tuple[int, int]) -> None:
    app = fight.app()
    async with app.run_test(size=size) as pilot:
        await shown(pilot, app)
        await pilot.press("z")
        await until(pilot, lambda: not app.screen.query_one("#below").display)
        await pilot.pause()
        assert app.screen.query_one("#board").size.height >= size[1] - 4


async def test_the_cursor_stays_with_its_contender_when_the_order_changes(fight: Fight) -> None:
    fight.run("4")
    app = fight.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(pilot, app)
        table = app.screen.query_one(StandingsTable)
        await pilot.press("end")
        await pilot.pause()
        assert "784,8,tanh" in text(app, "#details") and table.cursor_row == 6
        await pilot.press("up", "up")
        await pilot.pause()
        chosen = app.looks.chosen
        assert chosen == "6" and table.cursor_row == 4
        fight.run("6")
        await until(pilot, lambda: table.cursor_row in (0, 1))
        assert app.looks.chosen == chosen and "seed 0: " in text(app, "#details")
        await pilot.press("home")
        await pilot.pause()
        assert table.cursor_row == 0
        await pilot.click(table, offset=(10, 3))
        await pilot.pause()
        assert table.cursor_row == 2 and app.looks.chosen == app.screen.board.lines[2].name


async def test_curves_are_of_the_best_the_marked_or_all(fight: Fight) -> None:
    for name in ("good", "4", "5", "6", "7", "8", "wild"):
        fight.run(name)
    app = fight.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(pilot, app)
        best = [line.name for line in app.screen.board.lines[:4]]
        assert list(curves(app)) == [*reversed(best[1:]), best[0]] and curves(app)[best[0]] == 0
        await pilot.press("a")
        await pilot.pause()
        assert len(curves(app)) == 7 and list(curves(app).values()).count(GREY) == 3
        assert all(name in text(app, "#legend") for name in best) and "wild" not in text(app, "#legend")
        await pilot.press("a", "down", "down", "m", "home")
        await pilot.pause()
        assert curves(app) == {best[2]: 1, best[0]: 0}
        await pilot.press("down", "down", "m", "L")
        await pilot.pause()
        assert len(curves(app)) == 4 and curves(app)[best[2]] == 0  # no mark is left: the best ones again
        assert not app.screen.query_one(ContestPlot)._view.log
        await pilot.press("z")
        await pilot.pause()
        assert not app.screen.query_one("#below").display and app.screen.query_one("#board").display
        await pilot.press("z")
        await pilot.pause()
        assert app.screen.query_one("#below").display and not app.screen.query_one("#board").display


async def test_enter_trains_a_run_anew_and_then_it_is_there(fight: Fight) -> None:
    result = fight.run("good")
    app = fight.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        await pilot.press("enter")
        await pilot.pause()
        assert app.opened or "good, seed 0: trained anew" in screen_text(app)
        await until(pilot, lambda: app.opened is not None)
    assert app.opened == str(fight.folder / f"{result.job.key}.nnrun") and Path(app.opened).is_file()
    app = fight.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        await pilot.press("enter")
        assert app.opened is not None  # at once


async def test_a_run_that_was_kept_opens_at_once(fight: Fight) -> None:
    key = fight.run("good").job.key
    kept = fight.folder / "c.sqlite.runs" / f"{key}.nnrun"
    kept.parent.mkdir()
    kept.touch()
    app = fight.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        await pilot.press("enter")
        assert app.opened == str(kept)


async def test_training_anew_is_left_or_opened_before_its_end(fight: Fight, monkeypatch: pytest.MonkeyPatch) -> None:
    fight.run("good")
    fight.run("good", 1)
    told: list[Job] = []

    def slowly(job: Job, path: str, data: Any, dataset: Any, goes_on: Any) -> str:
        told.append(job)
        report = {"epoch": 2, "epochs": 3, "sample": 7, "samples": 200, "errors": [0.25], "seconds": 1.0}
        while goes_on(report):
            time.sleep(0.01)
        Path(path).touch()
        return "stopped"

    monkeypatch.setattr("nnstep_tui.screens.opening.train_anew", slowly)
    app = fight.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        await pilot.press("s", "enter")
        await until(pilot, lambda: "epoch 2 of 3, sample 7/200, error 0.250000" in screen_text(app))
        assert told[0].seed == 1
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, ContestScreen) and app.opened is None
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, OpeningScreen) and len(told) == 2)
        await pilot.press("enter")
        await until(pilot, lambda: app.opened is not None)


async def test_what_cannot_be_opened_is_said(fight: Fight) -> None:
    app = fight.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        await pilot.press("enter")
        await pilot.pause()
        assert "good has not begun" in notices(app) and app.opened is None


async def test_space_stops_the_contest_and_goes_on(fight: Fight) -> None:
    process = FakeProcess()
    app = fight.app(process)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        await pilot.press("space")
        await until(pilot, lambda: "stopped: Space goes on" in text(app, "#contest"))
        await pilot.press("space")
        await until(pilot, lambda: "running" in text(app, "#contest"))
        process.running, process.failure = False, "nnstep: c.sqlite: the disk is full"
        await until(pilot, lambda: "the disk is full" in notices(app))
        assert "failed" in text(app, "#contest")
        await pilot.press("space")
        await until(pilot, lambda: process.running)


async def test_runs_whose_processes_died_are_tried_again(fight: Fight) -> None:
    fight.run("good")
    process = FakeProcess()
    process.running = False
    app = fight.app(process)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        assert "ended, some processes died: Space tries again" in text(app, "#contest")
        await pilot.press("space")
        await until(pilot, lambda: process.running)


async def test_leaving_asks_while_the_contest_runs(fight: Fight) -> None:
    process = FakeProcess()
    app = fight.app(process)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, ContestLeavingScreen) and "goes on from there" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert process.running
        await pilot.press("q", "s")
        await until(pilot, lambda: not app.is_running or app._exit)
    assert process.stopped and app.return_value == 0


async def test_ctrl_c_stops_without_a_question(fight: Fight) -> None:
    process = FakeProcess()
    app = fight.app(process)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: bool(app._exit))
    assert process.stopped and app.return_value == 130


async def test_the_help_lists_every_key(fight: Fight) -> None:
    app = fight.app(FakeProcess())
    async with app.run_test(size=(120, 60)) as pilot:
        await shown(pilot, app)
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, ContestHelp)
        told = screen_text(app)
        assert all(binding.tooltip in told for binding in CONTEST) and "within noise" in told
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, ContestScreen)


async def test_results_of_two_data_sets_are_two_leaderboards(fight: Fight) -> None:
    fight.run("good")
    fight.data = load_data("samples", 100, 50)
    fight.jobs = jobs_of(fight.contest, fight.data)
    fight.run("4")
    app = ContestApp(Watched(ResultsFollower([fight.results.path]), None, ()), ContestLooks(), fight.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        assert "data set 1 of 2" in text(app, "#contest") and "good" in row(app, 0)
        await pilot.press("b")
        await pilot.pause()
        assert "data set 2 of 2" in text(app, "#contest") and " 4 " in row(app, 0)
        await pilot.press("space")
        assert "results" in text(app, "#contest")


async def test_results_that_go_bad_are_said_and_the_app_stays(fight: Fight) -> None:
    fight.run("good")
    app = fight.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        Path(fight.results.path).write_bytes(b"no database" * 500)
        await until(pilot, lambda: "cannot be used as a results file" in notices(app))
        assert "good" in row(app, 0)


def test_the_debugger_opens_between_two_looks_and_these_stay(fight: Fight, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def run(app: ContestApp) -> int:
        seen.append(app.looks)
        app.opened = "x.nnrun" if len(seen) == 1 else None
        return 0

    monkeypatch.setattr(ContestApp, "run", run)
    monkeypatch.setattr("nnstep.wars.watch_command._debug", seen.append)
    assert watch(fight.app().watched) == 0
    assert seen[1] == "x.nnrun" and seen[0] is seen[2]


def options(path: Path) -> Namespace:
    return make_parser().parse_args(["wars", str(path), "--jobs", "2", "--results", f"{path}.sqlite"])


async def test_a_real_contest_is_followed_to_its_end(fight: Fight) -> None:
    process = ContestProcess(options(fight.folder / "c.toml"))
    fight.results = Results(str(fight.folder / "c.toml.sqlite"))
    process.start()
    app = fight.app(process)
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(20):
            try:
                await until(pilot, lambda: "finished" in text(app, "#contest"))
                break
            except AssertionError:
                continue
        await until(pilot, lambda: "14 of 14 runs done" in text(app, "#contest"))
        await pilot.press("q")
        await until(pilot, lambda: bool(app._exit))
    process.close()
    assert len(fight.results.rows()) == 14


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_a_signal_to_the_app_in_a_terminal_stops_the_contest(fight: Fight, number: int) -> None:
    path = fight.folder / "long.toml"
    path.write_text(CONTEST_TOML.replace("limit = 200", "limit = 6000").replace("epochs = 3", "epochs = 50"))
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "nnstep", "wars", str(path), "--jobs", "2", "--watch"]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=os.environ | {"TERM": "xterm"}
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    running = path.with_suffix(".sqlite.running")

    def wait(condition: Any) -> None:
        for _ in range(6000):
            try:
                os.read(ours, 1 << 16)
            except OSError:
                time.sleep(0.01)
            if condition():
                return
        raise AssertionError("waited too long")

    wait(lambda: list(running.glob("*.json")))
    time.sleep(1)
    process.send_signal(number)
    wait(lambda: process.poll() is not None)
    os.close(ours)
    assert process.returncode == 128 + number
    deadline = time.monotonic() + 20
    while running.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not running.exists()
