"""Each file in tests/homework/check says in its first line what is to be found in it: nothing in a right one."""

import json
import re
from pathlib import Path

import pytest

from nnstep.checking.file_check import check_file
from nnstep.checking.findings import FileReport
from nnstep.checking.processes import check_in_process
from nnstep.cli import main
from nnstep.homework import load_homework

FOLDER = Path(__file__).parents[1] / "homework" / "check"
FILES = sorted(FOLDER.glob("*.py"))
ENDS_THE_PROCESS = ("wrong_memory_hog", "wrong_memory_kept", "wrong_endless")


def expected_of(path: Path) -> set[str]:
    first = path.read_text().splitlines()[0]
    assert first.startswith("# expected: "), f"{path.name} does not say what is expected"
    words = first.removeprefix("# expected: ").split()
    return set() if words == ["nothing"] else {word.rstrip(":") for word in words}


def found_in(report: FileReport) -> set[str]:
    layers = {f"{layer.index}:{f.id}:{f.tensor}" for layer in report.layers for f in layer.findings}
    others = {f"loss:{f.id}" for f in report.loss.findings} | {f"errors:{f.id}" for f in report.errors}
    return {word.rstrip(":") for word in layers | others}


@pytest.mark.parametrize("path", [f for f in FILES if f.stem not in ENDS_THE_PROCESS], ids=lambda path: path.stem)
def test_a_file_gets_the_findings_that_its_first_line_names(path: Path) -> None:
    report = check_file(load_homework(str(path)))
    assert found_in(report) == expected_of(path)
    assert not any("could not go on" in note for layer in report.layers for note in layer.notes)
    assert not report.notes


def test_the_corpus_is_large_enough() -> None:
    assert sum(path.stem.startswith("wrong_") for path in FILES) >= 40
    assert sum(path.stem.startswith("right_") for path in FILES) >= 20


def test_an_endless_loop_is_a_finding_of_its_layer_and_the_others_are_judged() -> None:
    outcome = check_in_process(str(FOLDER / "wrong_endless.py"), 1.0, 1024)
    first, second = outcome.report["layers"]
    assert first["ok"]
    assert [(f["id"], f["line"]) for f in second["findings"]] == [("timeout", 16)]


def test_a_memory_hog_is_stopped_by_its_limit() -> None:
    outcome = check_in_process(str(FOLDER / "wrong_memory_hog.py"), 10.0, 256)
    (finding,) = outcome.report["layers"][0]["findings"]
    assert finding["id"] == "raised"
    assert "MemoryError" in finding["evidence"]


@pytest.mark.parametrize("name", ["homework_broken.py", "homework_broken.ipynb"])
def test_the_broken_sample_takes_the_derivative_at_the_output(name: str) -> None:
    report = check_file(load_homework(str(FOLDER.parents[2] / "samples" / name)))
    ids = {f.id for layer in report.layers for f in layer.findings}
    assert ids == {"derivative-at-output"}


def test_a_finding_in_a_notebook_names_the_cell(capsys: pytest.CaptureFixture[str]) -> None:
    notebook = FOLDER.parents[2] / "samples" / "homework_broken.ipynb"
    assert main(["check", str(notebook)]) == 1
    told = capsys.readouterr().out
    number, line = next(map(int, found) for found in re.findall(r"cell (\d+), line (\d+): your", told))
    cells = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
    assert "self.output) ** 2" in "".join(cells[number - 1]["source"]).splitlines()[line - 1]


def test_the_right_sample_has_no_finding() -> None:
    assert check_file(load_homework(str(FOLDER.parents[2] / "samples" / "homework.py"))).ok
