import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from contest_runs import LONG, SMALL, finish, kill_one_worker, outcomes, report_of, start

from nnstep.cli import main
from nnstep.wars.results import Results


def run(*words: object) -> int:
    return main([str(word) for word in words])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One contest that was run: its folder, exit code, texts and report."""
    folder = tmp_path_factory.mktemp("contest")
    (folder / "small.toml").write_text(SMALL + "\n[[contender]]\nname='huge'\nlayers='784,600,10'\n")
    text = (folder / "small.toml").read_text()
    (folder / "small.toml").write_text(f"parameters = 420_000\n{text}")
    words = ("--json", folder / "r.json", "--save-runs", "--who", "ann", "--jobs", 2)
    code, out, err = finish(start(folder / "small.toml", *words))
    assert code == 0, err
    return {"folder": folder, "out": out, "err": err, "report": report_of(folder / "r.json")}


def test_the_best_comes_first_and_who_loses_is_listed_with_why(small: dict[str, Any]) -> None:
    report = small["report"]
    assert [entry["rank"] for entry in report["leaderboard"]] == [1, 2, 3]
    shares = [entry["accuracy"] for entry in report["leaderboard"]]
    assert shares == sorted(shares, reverse=True) and {e["name"] for e in report["leaderboard"]} == {
        "good",
        "adam",
        "broad",
    }
    lost = {entry["name"]: entry["why"] for entry in report["lost"]}
    assert lost["wild"].startswith("seed 0: training diverged: the error became")
    assert lost["huge"] == "it has 477,010 parameters, the budget is 420,000"
    assert "lost: wild: seed 0: training diverged" in small["out"]
    assert "8/8 " in small["err"] and "Student's t over the seeds" in small["out"]


def test_an_entry_tells_mean_interval_and_each_seed(small: dict[str, Any]) -> None:
    entry = next(e for e in small["report"]["leaderboard"] if e["name"] == "good")
    runs = entry["runs"]
    shares = [run["test"]["correct"] / run["test"]["samples"] for run in runs]
    assert entry["accuracy"] == pytest.approx(sum(shares) / 2)
    assert entry["interval"][0] <= entry["accuracy"] <= entry["interval"][1]
    assert entry["parameters"] == 784 * 16 + 16 + 16 * 10 + 10
    assert [run["seed"] for run in runs] == [0, 1] and all(len(run["errors"]) == 2 for run in runs)
    assert all(run["who"] == "ann" and run["seconds"] > 0 and run["engine"] == "numpy" for run in runs)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("good", "--layers 784,16,tanh,10,tanh"),
        (
            "adam",
            "--loss cross_entropy --optimizer adam --learning-rate 0.01 --batch-size 8 --shuffle --augment shift:1 "
            "--schedule cosine:2",
        ),
    ],
)
def test_a_contender_comes_out_as_train_does_bit_for_bit(small: dict[str, Any], tmp_path: Path, name, words) -> None:
    entry = next(e for e in small["report"]["leaderboard"] if e["name"] == name)
    usual = ("--limit", 200, "--test-limit", 100, "--epochs", 2, "--engine", "numpy", "--seed", 1)
    layers = ("--layers", entry["settings"]["layers"]) if name == "adam" else ()
    assert run("train", *usual, *words.split(), *layers, "--json", tmp_path / "t.json") == 0
    told = report_of(tmp_path / "t.json")
    assert [epoch["error"] for epoch in told["epochs"]] == entry["runs"][1]["errors"]
    assert told["test"] == entry["runs"][1]["test"]


def test_a_second_start_runs_nothing_and_says_the_same(small: dict[str, Any], tmp_path: Path, capsys) -> None:
    assert run("wars", small["folder"] / "small.toml", "--json", tmp_path / "again.json") == 0
    assert "8 of 8 were done before" in capsys.readouterr().err
    assert report_of(tmp_path / "again.json") == small["report"]


def test_a_kept_run_can_be_traced(small: dict[str, Any], capsys) -> None:
    row = next(row for row in Results(str(small["folder"] / "small.sqlite")).rows() if row.name == "adam")
    path = small["folder"] / "small.sqlite.runs" / f"{row.key}.nnrun"
    assert run("runs", path, "--json", "-") == 0
    (described,) = json.loads(capsys.readouterr().out)["runs"]
    assert [epoch["error"] for epoch in described["branches"][0]["errors"]] == pytest.approx(row.errors)
    assert run("trace", "--run", path, "--at", "2.200") == 0
    assert "digit" in capsys.readouterr().out


def test_show_reads_one_or_several_files(small: dict[str, Any], tmp_path: Path, capsys, monkeypatch) -> None:
    assert run("wars", "--show", small["folder"] / "small.sqlite", "--json", "-") == 0
    shown = json.loads(capsys.readouterr().out)
    (board,) = shown["boards"]
    assert [e["name"] for e in board["leaderboard"]] == [e["name"] for e in small["report"]["leaderboard"]]
    assert [e["name"] for e in board["lost"]] == ["wild"]
    monkeypatch.chdir(small["folder"])
    assert run("wars", "--show") == 0
    assert "broad" in capsys.readouterr().out
    assert run("wars", "small.toml", "--show") == 0
    assert "lost: huge: it has" in capsys.readouterr().out
    (tmp_path / "other.sqlite").write_bytes((small["folder"] / "small.sqlite").read_bytes())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text((small["folder"] / "small.toml").read_text())
    assert run("wars", "small.toml", "--show", "other.sqlite", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["results"] == "other.sqlite"


def test_merge_puts_results_of_several_people_together(small: dict[str, Any], tmp_path: Path, capsys) -> None:
    into = tmp_path / "all.sqlite"
    source = small["folder"] / "small.sqlite"
    assert run("wars", "--merge", source, source, "--into", into) == 0
    assert capsys.readouterr().out == f"{into}: 8 new results, 8 in all\n"
    assert len(Results(str(into)).rows()) == 8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "expected a contest file"),
        (("none.toml",), "none.toml: cannot be read"),
        (("c.toml", "--jobs", "0"), "--jobs expected to be 1 or more"),
        (("c.toml", "--jobs", "-3"), "--jobs expected to be 1 or more"),
        (("c.toml", "--seeds", "0"), "--seeds expected to be 1 or more"),
        (("c.toml", "--seeds", "1001"), "--seeds expected a number from 1 to 1000, received 1001"),
        (("c.toml", "--limit", "0"), "nnstep: --limit expected to be 1 or more"),
        (("c.toml", "--test-limit", "-1"), "nnstep: --test-limit expected to be 1 or more"),
        (("c.toml", "--show", "a.sqlite", "b.sqlite"), "--show with a contest takes one results file"),
        (("c.toml", "--show", "a.sqlite"), "a.sqlite: there is no such results file"),
        (("c.toml", "--results", "none/r.sqlite"), "the folder none does not exist"),
        (("c.toml", "--results", "."), ".: cannot be used as a results file"),
        (("c.toml", "--json", "none/r.json"), "none/r.json"),
        (("c.toml", "--watch"), "--watch needs a terminal"),
        (("c.toml", "--seconds", "0"), "--seconds expected to be above 0"),
        (("c.toml", "--backend", "dask"), "--backend dask and --scheduler go together"),
        (("c.toml", "--data", "none.npz"), "none.npz: there is no such file"),
        (("c.toml", "--results", "c.toml"), "c.toml: cannot be used as a results file"),
        (("--merge", "a.sqlite"), "--merge needs files and --into"),
        (("--show", "a.sqlite"), "a.sqlite: there is no such results file"),
        (("--show",), "there is no results file in this folder"),
        (("c.toml", "--show"), "c.sqlite: there is no such results file"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(tmp_path: Path, monkeypatch, capsys, words, message) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.toml").write_text('[[contender]]\nname = "a"\n' + "# nothing\n" * 200)
    assert run("wars", *words) == 2
    told = capsys.readouterr().err
    assert told.startswith("nnstep: ") and message in told and told.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["c.toml"]


@pytest.mark.parametrize(
    "text",
    [
        "learning_rat = 1\n",
        "epochs = 'many'\n",
        '[[contender]]\nname = "a"\nlayers = "784,10,tanhh"\n',
        '[[contender]]\nname = "a"\n[[contender]]\nname = "a"\n',
        '[[contender]]\nname = "a"\nlayers = "100,10"\n',
        "= 3",
    ],
)
def test_a_bad_contest_is_one_line_with_its_place_and_leaves_nothing(tmp_path: Path, capsys, text: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    assert run("wars", tmp_path / "c.toml", "--limit", 5) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"nnstep: {tmp_path / 'c.toml'}") and "line " in told and told.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["c.toml"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of file sizes")
def test_a_full_disk_ends_the_contest_in_one_line_and_keeps_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text(LONG)
    process = start(tmp_path / "long.toml", before="ulimit -f 27")  # blocks of 512 bytes: some results fit, not all six
    code, _, err = finish(process)
    assert code == 2 and "Traceback" not in err
    assert err.splitlines()[-1].startswith(f"nnstep: {tmp_path / 'long.sqlite'}: cannot be used as a results file (")
    assert len(Results(str(tmp_path / "long.sqlite")).rows()) >= 1
    assert not (tmp_path / "long.sqlite.running").exists()


def test_if_all_lose_the_answer_is_no(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('parameters = 10\n[[contender]]\nname = "a"\n')
    assert run("wars", tmp_path / "c.toml", "--limit", 5) == 1


def test_time_runs_out_for_a_contender(tmp_path: Path) -> None:
    text = 'seconds = 0.3\nlimit = 500\ntest_limit = 20\n[[contender]]\nname = "a"\nengine = "numpy"\n'
    (tmp_path / "c.toml").write_text(text)
    code, _, err = finish(start(tmp_path / "c.toml"))
    assert code == 0, err
    (row,) = Results(str(tmp_path / "c.sqlite")).rows()
    assert row.why == f"out of time at {row.epoch}.{row.sample}"
    assert row.seconds >= 0.3 and row.epoch - 1 <= len(row.errors) <= row.epoch


def test_a_stopped_contest_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text(LONG)
    process = start(tmp_path / "long.toml", "--jobs", 1)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("1/6 64, seed 0")
    process.send_signal(signal.SIGINT)
    code, _, err = finish(process)
    assert code == 130 and "Stopped; the same command goes on from here" in err and "Traceback" not in err
    done = len(Results(str(tmp_path / "long.sqlite")).rows())
    assert 1 <= done < 6 and not (tmp_path / "long.sqlite.running").exists()
    code, _, err = finish(start(tmp_path / "long.toml", "--json", tmp_path / "stopped.json"))
    assert code == 0 and f"{done} of 6 were done before" in err
    code, _, _ = finish(
        start(tmp_path / "long.toml", "--results", tmp_path / "o.sqlite", "--json", tmp_path / "o.json")
    )
    assert outcomes(report_of(tmp_path / "stopped.json")) == outcomes(report_of(tmp_path / "o.json"))


def test_a_process_that_dies_costs_only_a_retry(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text(LONG)
    process = start(tmp_path / "long.toml", "--json", tmp_path / "killed.json", "--jobs", 2)
    kill_one_worker(tmp_path / "long.sqlite", process)
    code, _, err = finish(process)
    assert code == 0, err
    report = report_of(tmp_path / "killed.json")
    assert len(report["leaderboard"]) == 6 and not report["lost"]


def test_the_title_names_one_epoch_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "c.toml"
    file.write_text("epochs = 1\nparameters = 10\n[[contender]]\nname = 'a'\nlayers = '784,10'\n")
    assert run("wars", file) == 1  # nobody may take part
    assert "at most 1 epoch, 10 parameters" in capsys.readouterr().out
