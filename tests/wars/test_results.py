import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from nnstep.errors import NnstepError
from nnstep.network import Evaluation
from nnstep.wars.contest import Job
from nnstep.wars.job import FINISHED, LOST, Result
from nnstep.wars.leaderboard import boards_of
from nnstep.wars.leaderboard_text import board_text
from nnstep.wars.results import Results, Row, merge

JOB = Job("k", "g", "contest", "name", {"layers": "784,10", "epochs": 2}, 3, None, "samples", 10, None, "mark")
RESULT = Result(
    JOB, FINISHED, "", (0.5, 1 / 3), 2, 10, Evaluation(0.25, 90, 80, 100), 7850, 1.5, 1.25, "numpy", {}, "h"
)


def result(key: str, group: str = "g", name: str = "name", correct: int = 90, seed: int = 3) -> Result:
    job = replace(JOB, key=key, group=group, name=name, seed=seed)
    return replace(RESULT, job=job, test=Evaluation(0.25, correct, 80, 100))


def test_a_result_comes_back_as_it_went_in(tmp_path: Path) -> None:
    results = Results(str(tmp_path / "r.sqlite"))
    assert results.add(RESULT, "ann")
    (row,) = results.rows()
    assert (row.key, row.contender, row.name, row.seed, row.who) == ("k", "g", "name", 3, "ann")
    assert row.errors == [0.5, 1 / 3] and row.test == RESULT.test and row.settings == JOB.settings
    assert (row.parameters, row.seconds, row.cpu_seconds, row.engine) == (7850, 1.5, 1.25, "numpy")


def test_a_lost_one_keeps_why_and_has_no_scores(tmp_path: Path) -> None:
    results = Results(str(tmp_path / "r.sqlite"))
    results.add(replace(RESULT, status=LOST, why="it diverged", test=None), "ann")
    (row,) = results.rows()
    assert row.test is None and row.why == "it diverged"


def test_what_is_there_is_never_changed(tmp_path: Path) -> None:
    results = Results(str(tmp_path / "r.sqlite"))
    assert results.add(RESULT, "ann")
    assert not results.add(replace(RESULT, seconds=99.0), "bob")
    (row,) = results.rows()
    assert (row.seconds, row.who) == (1.5, "ann")


def test_several_people_append_to_one_file_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "r.sqlite")

    together = threading.Barrier(4)

    def append(person: int) -> None:
        together.wait()
        for number in range(10):
            Results(path).add(result(f"{person}.{number}"), str(person))

    people = [threading.Thread(target=append, args=(person,)) for person in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(Results(path).rows()) == 40


def test_rows_are_appended_all_or_none(tmp_path: Path) -> None:
    results = Results(str(tmp_path / "r.sqlite"))
    results.add(RESULT, "ann")
    (row,) = results.rows()
    broken: Row = replace(row, key="b", name=None)  # type: ignore[arg-type]
    with pytest.raises((NnstepError, sqlite3.Error)):
        results.append([replace(row, key="a"), replace(broken, seed=object())])  # type: ignore[arg-type]
    assert [row.key for row in results.rows()] == ["k"]


def test_files_are_merged_and_the_first_of_equal_keys_stays(tmp_path: Path) -> None:
    ann, bob, both = (str(tmp_path / f"{name}.sqlite") for name in ("ann", "bob", "both"))
    Results(ann).add(result("1"), "ann")
    Results(ann).add(result("2"), "ann")
    Results(bob).add(result("2"), "bob")
    Results(bob).add(result("3"), "bob")
    assert merge([ann, bob], both) == (3, 3)
    assert {row.key: row.who for row in Results(both).rows()} == {"1": "ann", "2": "ann", "3": "bob"}
    assert merge([ann, bob], both) == (0, 3)


def test_other_files_are_refused_and_stay_as_they_are(tmp_path: Path) -> None:
    text, other, missing = tmp_path / "t.sqlite", tmp_path / "o.sqlite", tmp_path / "none.sqlite"
    text.write_text("no database at all, but long enough to be looked at" * 40)
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE results (a)")
    connection.close()
    before = text.read_bytes(), other.read_bytes()
    for path, words in ((text, "cannot be used"), (other, "not a file of results"), (missing, "there is no such")):
        with pytest.raises(NnstepError, match=words):
            Results(str(path), new=path is not missing)
    assert (text.read_bytes(), other.read_bytes()) == before and not missing.exists()


def test_a_merge_with_a_bad_file_writes_nothing(tmp_path: Path) -> None:
    ann, both = tmp_path / "ann.sqlite", tmp_path / "both.sqlite"
    Results(str(ann)).add(RESULT, "ann")
    with pytest.raises(NnstepError):
        merge([str(ann), str(tmp_path / "none.sqlite")], str(both))
    assert not both.exists()


def test_two_of_one_name_are_told_apart_on_the_board(tmp_path: Path) -> None:
    results = Results(str(tmp_path / "r.sqlite"))
    results.add(result("1", "aaaaaaaa", correct=80), "ann")
    results.add(result("2", "bbbbbbbb", correct=90), "bob")
    (board,) = boards_of(results.rows())
    assert [entry.name for entry in board.ranked] == ["name (bob, contest, bbbbbb)", "name (ann, contest, aaaaaa)"]


def test_the_board_sorts_marks_noise_and_says_which_interval(tmp_path: Path) -> None:
    results = Results(str(tmp_path / "r.sqlite"))
    for number, (name, correct) in enumerate([("low", 20), ("near", 88), ("best", 90)]):
        results.add(result(str(number), name, name, correct), "ann")
    (board,) = boards_of(results.rows())
    assert [entry.name for entry in board.ranked] == ["best", "near", "low"]
    assert [board.tied(entry) for entry in board.ranked] == [False, True, False]
    lines = board_text(board).splitlines()
    assert lines[2].split()[:4] == ["1", "best", "90.00", "%"] and lines[3].split()[0] == "≈2"
    assert "Wilson" in board_text(board)


def test_results_of_a_later_version_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    Results(str(path)).add(RESULT, "ann")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(NnstepError, match="written in version 2 of the format. Install a newer nnstep"):
        Results(str(path))


@pytest.mark.parametrize("cut", [100, 5000, -2000])
def test_a_file_that_was_cut_off_is_one_line(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "r.sqlite"
    results = Results(str(path))
    for number in range(30):
        results.add(result(str(number)), "ann")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(NnstepError, match="r.sqlite: "):
        Results(str(path)).rows()


@pytest.mark.parametrize(
    "change", ["errors = '[0.5, '", "status = 'finishes'", "correct = NULL", "test_samples = 0", "seconds = 'many'"]
)
def test_numbers_that_were_damaged_are_one_line(tmp_path: Path, change: str) -> None:
    path = tmp_path / "r.sqlite"
    Results(str(path)).add(RESULT, "ann")
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE results SET {change}")
    connection.close()
    with pytest.raises(NnstepError, match="damaged: a result cannot be read"):
        Results(str(path)).rows()


def test_a_damaged_description_of_the_table_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    Results(str(path)).add(RESULT, "ann")
    content = path.read_bytes()
    assert content.count(b"contender TEXT NOT NULL") == 1
    path.write_bytes(content.replace(b"contender TEXT NOT NULL", b"contender TEXT NOT \xf0U\xffL"))
    with pytest.raises(NnstepError, match="cannot be used as a results file"):
        Results(str(path), new=False)


def test_the_table_leaves_out_what_has_no_room(tmp_path: Path) -> None:
    results = Results(str(tmp_path / "r.sqlite"))
    results.add(result("1"), "ann")
    (board,) = boards_of(results.rows())
    full = board_text(board).splitlines()[1]
    heads = [board_text(board, width).splitlines()[1].split() for width in (len(full), len(full) - 1, 40)]
    assert "CPU" in heads[0] and "strict" in heads[0]
    assert "CPU" not in heads[1] and "strict" in heads[1]
    assert not {"CPU", "strict", "seconds"} & set(heads[2]) and "accuracy" in heads[2]
