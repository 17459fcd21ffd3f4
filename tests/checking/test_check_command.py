import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nnstep.cli import main

FOLDER = Path(__file__).parents[1] / "homework" / "check"
RIGHT, WRONG = str(FOLDER / "right_rows.py"), str(FOLDER / "wrong_factor_two.py")


def test_a_right_file_gives_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", RIGHT]) == 0
    assert "All gradients are right." in capsys.readouterr().out


def test_a_wrong_file_gives_one_and_names_factor_line_and_evidence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.json"
    assert main(["check", WRONG, "--json", str(out)]) == 1
    report = json.loads(out.read_text())
    assert report["ok"] is False
    (layer,) = report["layers"]
    assert (layer["index"], layer["name"], layer["ok"]) == (0, "Dense", False)
    (finding,) = layer["findings"]
    assert (finding["id"], finding["tensor"], finding["line"]) == ("factor", "weights", 18)
    # 4 inputs × 3 outputs
    assert "2.000 × the measured one" in finding["evidence"]
    assert "12 elements" in finding["evidence"]
    assert 0 < finding["confidence"] <= 1
    assert report["loss"] == {"name": "mean squared error", "ok": True, "findings": [], "notes": []}
    assert report["errors"] == []
    assert all(len(line) <= 80 for line in capsys.readouterr().out.splitlines())


def test_several_files_give_a_list_and_a_table_and_go_on_after_a_bad_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, out = tmp_path / "broken.py", tmp_path / "report.json"
    broken.write_text("def f(:\n")
    assert main(["check", RIGHT, str(broken), WRONG, "--json", str(out)]) == 1
    reports = json.loads(out.read_text())
    assert [report["file"] for report in reports] == [RIGHT, str(broken), WRONG]
    assert [report["ok"] for report in reports] == [True, False, False]
    assert [finding["id"] for finding in reports[1]["errors"]] == ["raised"]
    text = capsys.readouterr().out
    assert "1 of 3 files are right" in text
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize("content", [None, "x = 1\n"], ids=["missing", "no network"])
def test_a_file_without_a_network_is_bad_input(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file.py"
    if content is not None:
        path.write_text(content)
    assert main(["check", str(path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_file_that_raises_while_it_is_loaded_is_a_finding_with_its_line(tmp_path: Path) -> None:
    path, out = tmp_path / "file.py", tmp_path / "report.json"
    path.write_text("import numpy as np\n\nnetwork = [np.nothing()]\n")
    assert main(["check", str(path), "--json", str(out)]) == 1
    (finding,) = json.loads(out.read_text())["errors"]
    assert (finding["id"], finding["line"]) == ("raised", 3)


def test_the_junit_file_is_valid_and_counts_failures(tmp_path: Path) -> None:
    out = tmp_path / "report.xml"
    assert main(["check", RIGHT, WRONG, "--junit", str(out)]) == 1
    root = ElementTree.parse(out).getroot()
    suites = list(root)
    assert [suite.get("failures") for suite in suites] == ["0", "1"]
    (failure,) = root.iter("failure")
    assert failure.get("type") == "factor"
    assert root.get("tests") == str(sum(1 for _ in root.iter("testcase")))


def test_what_the_student_prints_is_not_in_the_json() -> None:
    path = str(FOLDER / "right_prints.py")
    done = subprocess.run(
        [sys.executable, "-m", "nnstep", "check", path, "--json", "-"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["ok"] is True


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_hints_say_more_by_level_and_never_all_at_once(level: int, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", WRONG, "--hint", str(level)])
    text = capsys.readouterr().out
    assert text.count("→") == (1 if level else 0)
    assert "To mend it" not in text


def test_a_teacher_sees_all_hints_and_how_to_mend_it(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", WRONG, "--teacher"])
    text = capsys.readouterr().out
    assert text.count("→") == 3
    assert "To mend it" in text


@pytest.mark.parametrize("option", [["--time-limit", "0"], ["--time-limit", "nan"], ["--memory-limit", "1"]])
def test_limits_that_make_no_sense_are_bad_input(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", RIGHT, *option]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_report_that_cannot_be_written_is_bad_input_before_anything_runs(tmp_path: Path) -> None:
    assert main(["check", RIGHT, "--json", str(tmp_path / "nowhere" / "report.json")]) == 2


def test_a_file_that_ends_the_process_is_told_and_the_next_one_is_checked(tmp_path: Path) -> None:
    path, out = tmp_path / "quits.py", tmp_path / "report.json"
    path.write_text(
        "import os\n\n\nclass Quits:\n"
        "    def forward_propagation(self, X):\n        return X\n\n"
        "    def backward_propagation(self, dY, lr):\n        os._exit(3)\n\n\nnetwork = [Quits()]\n"
    )
    assert main(["check", str(path), RIGHT, "--json", str(out)]) == 1
    first, second = json.loads(out.read_text())
    ids = [f["id"] for layer in first["layers"] for f in layer["findings"]] + [f["id"] for f in first["errors"]]
    assert ids == ["raised"]
    assert second["ok"]
