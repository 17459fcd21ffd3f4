from dataclasses import replace
from pathlib import Path

import pytest

from nnstep.data import load_data
from nnstep.errors import NnstepError
from nnstep.run_report import describe_run
from nnstep.runs import read_run
from nnstep.training import Trainer
from nnstep.wars.contest import Job, jobs_of
from nnstep.wars.contest_file import read_contest
from nnstep.wars.job import LOST, run_job
from nnstep.wars.rerun import STOPPED, job_of, train_anew
from nnstep.wars.results import row_of

CONTEST = """
limit = 300
test_limit = 50
epochs = 2
seconds = 100
[defaults]
engine = "numpy"
[[contender]]
name = "good"
layers = "784,16,relu,10,softmax"
loss = "cross_entropy"
optimizer = "adam"
learning_rate = 0.003
batch_size = 4
shuffle = true
patience = 5
[[contender]]
name = "wild"
layers = "784,16,relu,10,identity"
learning_rate = 50.0
"""
DATA = load_data("samples", 300, 50)


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    (tmp_path / "c.toml").write_text(CONTEST)
    return jobs_of(read_contest(str(tmp_path / "c.toml")), DATA)


def errors_of(path: Path) -> list[float]:
    errors: list[float] = describe_run(read_run(str(path)))["branches"][0]["errors"]
    return [epoch["error"] for epoch in errors]


def test_a_result_is_trained_anew_to_the_same_errors(jobs: list[Job], tmp_path: Path) -> None:
    row = row_of(run_job(jobs[0], lambda report: None, DATA), "ann")
    again = job_of(row)
    assert again.key == jobs[0].key and again.seconds is None
    assert train_anew(again, str(tmp_path / "r.nnrun"), None, None, lambda report: True) == ""
    assert errors_of(tmp_path / "r.nnrun") == pytest.approx(row.errors, rel=1e-12) and len(row.errors) == 2


def test_one_that_diverged_leads_to_where_it_did(jobs: list[Job], tmp_path: Path) -> None:
    row = row_of(run_job(jobs[1], lambda report: None, DATA), "ann")
    assert row.status == LOST
    why = train_anew(job_of(row), str(tmp_path / "r.nnrun"), None, DATA, lambda report: True)
    assert why == row.why and why.startswith("training diverged")
    assert (tmp_path / "r.nnrun").exists()


def test_what_there_is_can_be_opened_before_the_end(jobs: list[Job], tmp_path: Path) -> None:
    def goes_on(report: dict[str, object]) -> bool:
        return not report["errors"]

    path = tmp_path / "r.nnrun"
    assert train_anew(jobs[0], str(path), None, DATA, goes_on) == STOPPED
    assert len(errors_of(path)) == 1


def test_other_digits_are_refused(jobs: list[Job], tmp_path: Path) -> None:
    with pytest.raises(NnstepError, match="good learned from other digits than samples has now"):
        train_anew(replace(jobs[0], limit=299), str(tmp_path / "r.nnrun"), None, None, lambda report: True)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (RuntimeError("no luck"), "RuntimeError: no luck (test_rerun.py, line "),
        (MemoryError(), "it does not fit into memory"),
    ],
)
def test_a_contender_that_raises_loses(jobs: list[Job], monkeypatch: pytest.MonkeyPatch, error, why) -> None:
    def run(self: Trainer, epochs: int) -> None:
        raise error

    monkeypatch.setattr(Trainer, "run", run)
    result = run_job(jobs[0], lambda report: None, DATA)
    assert result.status == LOST and result.why.startswith(why) and result.test is None
