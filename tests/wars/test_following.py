import os
import time
from pathlib import Path

import numpy as np
import pytest

from nnstep.data import load_data
from nnstep.wars.contest import jobs_of
from nnstep.wars.contest_file import read_contest
from nnstep.wars.following import ContestFollower, ResultsFollower
from nnstep.wars.job import run_job
from nnstep.wars.reports import FileReporter, Reports
from nnstep.wars.results import Results
from nnstep.wars.standings import FINISHED, LOST, RUNNING, WAITING, seed_lines

CONTEST = """
limit = 100
test_limit = 50
epochs = 2
seeds = 2
parameters = 20_000
[defaults]
engine = "numpy"
[[contender]]
name = "wide"
layers = "784,512,tanh,10,tanh"
[[contender]]
name = "a"
layers = "784,8,tanh,10,tanh"
[[contender]]
name = "b"
layers = "784,4,tanh,10,tanh"
[[contender]]
name = "wild"
layers = "784,4,relu,10,identity"
learning_rate = 99.0
"""


@pytest.fixture
def follower(tmp_path: Path) -> ContestFollower:
    (tmp_path / "c.toml").write_text(CONTEST)
    contest = read_contest(str(tmp_path / "c.toml"))
    jobs = jobs_of(contest, load_data("samples", 100, 50))
    return ContestFollower(contest, jobs, "title", Results(str(tmp_path / "c.sqlite")))


def report(follower: ContestFollower, name: str, seed: int, errors: list[float]) -> Path:
    """Job of this name and seed reports itself, in the middle of the epoch after these."""
    folder = Reports(follower._files.files[0].path).folder
    folder.mkdir(exist_ok=True)
    job = next(job for job in follower.jobs if (job.name, job.seed) == (name, seed))
    told = {"key": job.key, "group": job.group, "name": name, "seed": seed, "epoch": len(errors) + 1, "epochs": 2}
    FileReporter(str(folder))(told | {"sample": 50, "samples": 100, "errors": errors, "seconds": 1.0, "budget": None})
    return folder / f"{job.key}.json"


def finish(follower: ContestFollower, name: str, seed: int) -> None:
    job = next(job for job in follower.jobs if (job.name, job.seed) == (name, seed))
    follower._files.files[0].add(run_job(job, lambda report: None, load_data("samples", 100, 50)), "ann")


def test_all_contenders_stand_there_from_the_start(follower: ContestFollower) -> None:
    (found,) = follower.look()
    assert [(line.name, line.state) for line in found.lines] == [
        ("a", WAITING),
        ("b", WAITING),
        ("wild", WAITING),
        ("wide", LOST),
    ]
    assert (found.done, found.total, found.running) == (0, 6, 0)


def test_results_and_reports_show_as_they_come(follower: ContestFollower) -> None:
    follower.look()
    report(follower, "b", 1, [0.5])
    finish(follower, "a", 0)
    finish(follower, "wild", 0)
    (found,) = follower.look()
    lines = {line.name: line for line in found.lines}
    assert [line.name for line in found.lines] == ["a", "b", "wide", "wild"]
    assert [lines[name].state for name in ("a", "b", "wild")] == [FINISHED, RUNNING, LOST]
    assert (lines["a"].rank, lines["b"].rank) == (1, None)
    assert lines["a"].share == 0.5  # one of two seeds
    assert lines["b"].share == 0.375  # one and a half of two epochs, of one of two seeds
    assert (lines["b"].error, lines["b"].seconds) == (0.5, 1.0)
    assert (found.done, found.running) == (2, 1)
    assert seed_lines(lines["b"]) == ["seed 1: epoch 2 of 2, sample 50/100, error 0.500000, 1.0 s"]
    assert "lost, training diverged" in seed_lines(lines["wild"])[0]


def test_a_curve_is_the_mean_of_the_seeds_that_have_come_so_far(follower: ContestFollower) -> None:
    report(follower, "b", 0, [0.5, 0.25])
    report(follower, "b", 1, [0.25])
    (found,) = follower.look()
    # (0.5 + 0.25) / 2 after the first epoch; after the second only seed 0 is there
    np.testing.assert_array_equal(found.lines[0].curve(), [0.375, 0.25])


def test_what_a_killed_contest_left_is_not_taken_for_running(follower: ContestFollower) -> None:
    path = report(follower, "a", 0, [])
    hour = time.time() - 3600
    os.utime(path, (hour, hour))
    (found,) = follower.look()
    assert found.running == 0


def test_results_files_are_followed_whatever_contest_they_are_of(follower: ContestFollower, tmp_path: Path) -> None:
    finish(follower, "a", 0)
    results = ResultsFollower([str(tmp_path / "c.sqlite")])
    report(follower, "a", 1, [0.5])
    (found,) = results.look()
    assert [(line.name, line.state) for line in found.lines] == [("a", RUNNING)]
    finish(follower, "b", 0)
    (found,) = results.look()
    assert {line.name for line in found.lines} == {"a", "b"} and found.done == 2
