"""The table of training: the course's benchmark by nnstep and the frameworks, its report, and bad reports."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstep.cli import main
from nnstep.errors import NnstepError
from nnstep.training_curves import MEASURES, courses_of, groups_of, read_courses

HOW = ["compare", "--train", "--limit", "256", "--test-limit", "100", "--epochs", "2"]


def trained(folder: Path, *options: str) -> dict[str, Any]:
    file = folder / "table.json"
    assert main([*HOW, *options, "--json", str(file)]) == 0
    report: dict[str, Any] = json.loads(file.read_text())
    return report


def test_the_benchmark_is_the_same_in_nnstep_and_pytorch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    report = trained(tmp_path, "--framework", "torch")
    rows = report["contenders"]
    assert [(row["framework"], row["optimizer"], row["learning_rate"], row["batch_size"]) for row in rows] == [
        (framework, *way)
        for way in (("sgd", 0.1, 1), ("adam", 0.1, 64), ("adam", 0.01, 64))
        for framework in ("nnstep", "torch")
    ]
    for ours, theirs in (rows[0:2], rows[4:6]):
        # The same weights and the same order: the same errors, up to rounding.
        for a, b in zip(ours["epochs"], theirs["epochs"], strict=True):
            assert a["error"] == pytest.approx(b["error"], rel=1e-4)
        assert ours["ratio"] == 1 and theirs["ratio"] > 0
    for row in rows:
        assert len(row["epochs"]) == 2 and row["failure"] is None and row["test"]["samples"] == 100
        assert row["samples_per_second"] == pytest.approx(256 / row["seconds_per_epoch"])
    said = capsys.readouterr()
    assert said.out.count("ratio   error by epoch") == 3 and "adam at 0.1, batches of 64" in said.out
    assert said.err.count("accuracy ") == 6  # a line for each as it is done


def test_adam_at_a_tenth_fails_where_a_hundredth_learns(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    report = trained(tmp_path, "--framework", "torch", "--limit", "2000", "--epochs", "3")
    correct = {(row["optimizer"], row["learning_rate"]): row["test"]["correct"] for row in report["contenders"]}
    assert correct["adam", 0.1] < 25 < 70 < correct["adam", 0.01]


def test_contenders_are_added_and_one_that_diverges_does_not_end_the_others(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    wild = "name=wild; layers=784,8,relu,10; rate=1000"
    mine = "name=mine; framework=keras; layers=784,8,tanh,10,softmax; loss=cross_entropy; optimizer=adam; batch=32"
    rows = trained(tmp_path, "--framework", "keras", "--contender", wild, "--contender", mine)["contenders"]
    named = {row["name"]: row for row in rows}
    assert len(rows) == 8 and "training diverged" in named["wild"]["failure"] and not named["wild"]["epochs"]
    assert named["mine"]["framework"] == "keras" and len(named["mine"]["epochs"]) == 2
    wilds = next(course for course in courses_of({"contenders": rows}) if course.name == "wild")
    assert not len(wilds.epochs) and "diverged" in wilds.says()


def test_a_missing_framework_costs_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("nnstep.frameworks.base.is_installed", lambda framework: False)
    report = trained(tmp_path)
    assert [row["framework"] for row in report["contenders"]] == ["nnstep"] * 3
    assert set(report["missing"]) == {"torch", "keras"}
    assert capsys.readouterr().err.count("is not installed") == 2


def epoch(number: int, error: float | None, correct: int) -> dict[str, Any]:
    test = {"loss": 0.5, "correct": correct, "strict_correct": 1, "samples": 10}
    return {"epoch": number, "error": error, "seconds": 2.0, "test": test}


def contender(name: str, epochs: list[dict[str, Any]]) -> dict[str, Any]:
    numbers = {"samples_per_second": 5.0, "ratio": 1.0} if epochs else {"samples_per_second": None, "ratio": None}
    return {"name": name, "group": "sgd", "epochs": epochs, "failure": None if epochs else "no such layer", **numbers}


def test_courses_are_the_epochs_of_a_report(tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    rows = [contender("a", [epoch(1, 0.5, 6), epoch(2, None, 9)]), contender("b", [])]
    file.write_text(json.dumps({"contenders": rows}))
    a, b = read_courses(str(file))
    np.testing.assert_array_equal(a.epochs, [1, 2])
    np.testing.assert_array_equal(a.seconds, [2, 4])  # 2 s each
    np.testing.assert_array_equal(a.measures["error"], [0.5, np.nan])
    np.testing.assert_array_equal(a.measures["accuracy %"], [60, 90])  # 6 and 9 of 10
    np.testing.assert_array_equal(a.measures["strict accuracy %"], [10, 10])
    assert tuple(a.measures) == MEASURES and a.seconds_per_epoch == 2
    assert groups_of([a, b]) == ["sgd"] and b.says() == "no such layer"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is no JSON file"),
        ("[]", "is no training table"),
        ('{"contenders": 3}', "is no training table"),
        ('{"contenders": [{"name": "a"}]}', "is no training table"),
        ('{"contenders": []}', "has no epoch to draw"),
        (json.dumps({"contenders": [contender("a", [])]}), "has no epoch to draw"),
    ],
)
def test_what_is_no_table_is_one_line(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "table.json"
    file.write_text(content)
    with pytest.raises(NnstepError, match=says):
        read_courses(str(file))


def test_a_table_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NnstepError, match="No such file"):
        read_courses(str(tmp_path / "nothing.json"))


@pytest.mark.parametrize(
    "options", [["--show", "table.json"], ["--train", "--curves"], ["--curves"]], ids=["show", "curves", "alone"]
)
def test_curves_without_a_terminal_are_bad_input(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *options]) == 2
    said = capsys.readouterr().err
    assert "need a terminal" in said and said.count("\n") == 1
