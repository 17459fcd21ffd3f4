"""Pictures of the contest screen at three sizes; `pytest --snapshot-update` draws them anew."""

import json
from pathlib import Path
from typing import Any

import pytest
import textual
from pilot_app import until

from nnstep.data import load_data
from nnstep.network import Evaluation
from nnstep.wars.contest import jobs_of
from nnstep.wars.contest_file import read_contest
from nnstep.wars.following import ContestFollower
from nnstep.wars.job import FINISHED, LOST, Result
from nnstep.wars.reports import Reports
from nnstep.wars.results import Results
from nnstep.wars.watch_command import Watched
from nnstep_tui.contest import ContestApp
from nnstep_tui.contest_looks import ContestLooks

pytestmark = pytest.mark.skipif(
    textual.__version__ != "8.2.8", reason="the pictures were drawn with Textual 8.2.8, others draw borders differently"
)
NAMES = ("wide", "narrow, shifted", "deep", "course", "wild", "late")
ERRORS = [0.3, 0.12, 0.06, 0.035, 0.02, 0.012]
CORRECT = {"wide": (986, 989), "narrow, shifted": (985, 984), "deep": (951,)}


@pytest.fixture
def app(tmp_path: Path) -> ContestApp:
    """Results of three, one that runs, one that lost, one that waits; every number is made up."""
    contenders = "".join(
        f'[[contender]]\nname = "{name}"\nlayers = "784,{8 + number},tanh,10,tanh"\n'
        for number, name in enumerate(NAMES)
    )
    (tmp_path / "c.toml").write_text(f"epochs = 6\nseeds = 2\nlimit = 50\ntest_limit = 50\n{contenders}")
    contest = read_contest(str(tmp_path / "c.toml"))
    jobs = jobs_of(contest, load_data("samples", 50, 50))
    results = Results(str(tmp_path / "c.sqlite"))
    for job in jobs:
        errors = tuple(error * (1 + NAMES.index(job.name) / 3) for error in ERRORS)
        if job.seed < len(CORRECT.get(job.name, ())):
            test = Evaluation(0.01, CORRECT[job.name][job.seed], 900, 1000)
            results.add(Result(job, FINISHED, "", errors, 6, 50, test, 6370, 12.5, 12.0, "numba"), "ann")
        elif job.name == "wild":
            results.add(Result(job, LOST, "training diverged: the error became NaN at epoch 1, sample 13"), "ann")
        elif job.name == "course" and job.seed == 0:
            told = {"key": job.key, "name": job.name, "seed": 0, "epoch": 4, "epochs": 6, "sample": 25, "samples": 50}
            folder = Reports(results.path).folder
            folder.mkdir()
            more = {"errors": errors[:3], "seconds": 6.2, "budget": None}
            (folder / f"{job.key}.json").write_text(json.dumps(told | more))
    follower = ContestFollower(contest, jobs, "a contest: samples, at most 6 epochs", results)
    return ContestApp(Watched(follower, None, (results.path,)), ContestLooks(chosen="narrow, shifted"), tmp_path)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])
def test_the_contest_looks_as_it_did(app: ContestApp, size: tuple[int, int], snap_compare: Any) -> None:
    async def shown(pilot: Any) -> None:
        await until(pilot, lambda: bool(getattr(app.screen, "boards", ())))
        await pilot.press("a")
        await pilot.pause()

    assert snap_compare(app, run_before=shown, terminal_size=size)
