"""A check that could not come to its end is never an all-clear."""

import time
from pathlib import Path

import pytest

from nnstep import check_command, student_code
from nnstep.checking import file_check, file_together
from nnstep.checking.failures import unfinished
from nnstep.checking.file_check import check_file
from nnstep.checking.processes import Outcome, check_in_process
from nnstep.cli import main
from nnstep.homework import load_homework
from nnstep.student_code import StudentCode
from nnstep.student_errors import StudentError

FOLDER = Path(__file__).parents[1] / "homework" / "check"
RIGHT = str(FOLDER / "right_rows.py")


def fails(*arguments: object) -> None:
    raise RuntimeError("something unforeseen")


def test_an_error_of_the_check_itself_is_an_error_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_check, "check", fails)
    report = check_file(load_homework(RIGHT)).as_json()
    assert not report["ok"]
    assert not report["layers"][0]["ok"]
    assert report["errors"][0]["id"] == "unexplained"
    assert "could not be finished" in report["errors"][0]["evidence"]
    assert "something unforeseen" in report["errors"][0]["evidence"]


@pytest.mark.parametrize("part", ["check_sharing", "check_crossing", "check_whole"])
def test_an_error_in_the_check_of_all_layers_is_one_too(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_together, part, fails)
    report = check_file(load_homework(RIGHT))
    assert not report.ok
    assert ["could not be finished" in finding.evidence for finding in report.errors] == [True]


def test_too_little_memory_for_the_check_is_called_so() -> None:
    finding = unfinished("the check of Dense 1", MemoryError())
    assert finding.id == "raised"
    assert "memory" in finding.evidence


@pytest.mark.parametrize("memory", [96, 200, 256, 330])
def test_a_layer_that_keeps_ever_more_memory_is_never_right(memory: int) -> None:
    outcome = check_in_process(str(FOLDER / "wrong_memory_kept.py"), 10.0, memory)
    assert not outcome.ok
    (finding,) = outcome.report["layers"][0]["findings"] or outcome.report["errors"]
    assert finding["id"] == "raised"


def test_a_layer_that_catches_its_memory_error_once_is_found(tmp_path: Path) -> None:
    path = tmp_path / "caught.py"
    path.write_text(
        "import numpy as np\n\n\nclass Caught:\n    def forward_propagation(self, X):\n        self.X = X\n"
        "        return X * 2.0\n\n    def backward_propagation(self, dY, lr):\n        if len(dY) > 1:\n"
        "            raise MemoryError\n        return dY * 2.0\n\n\nnetwork = [Caught()]\n"
    )
    report = check_in_process(str(path), 10.0, 512).report
    assert [finding["id"] for finding in report["layers"][0]["findings"]] == ["raised"]


def test_the_exit_code_of_an_unfinished_check_is_not_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(file_check, "check", fails)

    def in_this_process(file: str, *limits: float) -> Outcome:
        return Outcome(file, check_file(load_homework(file)).as_json())

    monkeypatch.setattr(check_command, "check_in_process", in_this_process)
    assert main(["check", RIGHT]) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert "could not be finished" in text
    assert "✓ layer 0" not in text


def test_time_in_which_the_computer_stood_still_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    idle = iter([0.0, 60.0])
    monkeypatch.setattr(student_code, "_idle_time", lambda: next(idle, 60.0))
    code = StudentCode("file.py", time_limit=0.3)
    code.call("a call", time.sleep, 0.6)  # the first look finds that a minute went by without computing


def test_a_call_that_takes_too_long_is_ended_all_the_same() -> None:
    with pytest.raises(StudentError, match="did not come back"):
        StudentCode("file.py", time_limit=0.3).call("a call", time.sleep, 0.6)
