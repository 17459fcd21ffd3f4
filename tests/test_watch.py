import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.cli import main
from nnstep.data import load_data
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.runs import open_run, read_run
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline

LAYERS = "784,5,tanh,10,tanh"
SMALL = ["--layers", LAYERS, "--limit", "60", "--test-limit", "20", "--engine", "numpy"]


def new_timeline() -> Timeline:
    network = build_network(LAYERS)
    stack = Stack(network.layers, network.loss)
    return Timeline(stack, load_data("samples", 60).train, NumpyEngine(), Settings(0.1))


def train(*words: object) -> int:
    return main(["train", *SMALL, *map(str, words)])


def test_training_stops_at_the_first_sample_where_a_condition_holds(tmp_path: Path, capsys) -> None:
    report, run, weights = tmp_path / "r.json", tmp_path / "r.nnrun", tmp_path / "w.npz"
    timeline = new_timeline()
    for _ in range(3):
        timeline.train(60)
    right = int(np.flatnonzero(~timeline.history().wrong)[4])
    loss = float(timeline.history().losses[right])
    condition = f"right and loss <= {loss!r} and loss >= {loss!r}"
    place = timeline.position_of(right)
    # layers 1 to 4 forward, then the loss: step 5 of 10
    assert train("--epochs", 5, "--watch", condition, "--json", report, "--save-run", run, "--save", weights) == 0
    out = capsys.readouterr().out
    assert f"Stopped at {place}, step 5 of 10 (loss): {condition}" in out and "Test set" not in out
    told = json.loads(report.read_text())
    stopped = {"epoch": place.epoch, "sample": place.sample, "step": 5, "branch": "main", "condition": condition}
    assert told["stopped"] == stopped and not told["interrupted"] and "test" not in told
    # The file stands there, and the weights are those before that sample.
    timeline.visit(place)
    with np.load(weights) as file:
        np.testing.assert_array_equal(file["0.weights"], timeline.stack.snapshot()[0]["weights"])
    assert read_run(str(run)).meta["at"] == {"branch": "main", "count": right}
    assert main(["trace", "--run", str(run), "--at", str(place), "--json", str(report)]) == 0
    assert json.loads(report.read_text())["loss"] == pytest.approx(loss)


def test_a_condition_on_a_step_names_that_step(capsys) -> None:
    assert train("--epochs", 1, "--watch", "sample > 3 and max |dW| > 0") == 0
    # backward: tanh 4 is step 7, affine 3 the first with a dE/dW: step 8
    assert "Stopped at 1.4, step 8 of 10 (backward of affine 3): sample > 3 and max |dW| > 0" in capsys.readouterr().out


def test_the_first_of_several_conditions_stops(capsys) -> None:
    assert train("--epochs", 1, "--watch", "sample == 9", "--watch", "sample == 7", "--watch", "loss > 1e9") == 0
    assert "Stopped at 1.7, step 1 of 10" in capsys.readouterr().out


def test_exit_code_one_where_none_holds(tmp_path: Path, capsys) -> None:
    report = tmp_path / "r.json"
    assert train("--epochs", 2, "--watch", "loss > 1e9", "--json", report) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "No condition held"
    told = json.loads(report.read_text())
    assert told["stopped"] is None and told["test"]["samples"] == 20


def test_a_condition_that_cannot_be_understood_is_one_line(capsys) -> None:
    assert train("--watch", "los > 3") == 2
    told = capsys.readouterr()
    assert "loss" in told.err and told.err.count("\n") == 1 and not told.out


def test_nan_is_watched_for_and_otherwise_named(tmp_path: Path, capsys) -> None:
    bad = ["--layers", "784,8,identity,10,identity", "--learning-rate", "1e9", "--epochs", "1"]
    assert train(*bad, "--watch", "nan or infinite") == 0
    out = capsys.readouterr().out
    assert "Stopped at 1." in out and "nan or infinite" in out
    run = tmp_path / "r.nnrun"
    assert train(*bad, "--autosave", run) == 2
    assert "began in" in capsys.readouterr().err
    assert not np.isfinite(read_run(str(run)).arrays["0.losses"][-1])


def test_autosave_keeps_the_whole_run_with_its_score(tmp_path: Path, capsys) -> None:
    run = tmp_path / "r.nnrun"
    assert train("--epochs", 3, "--autosave", run) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines[:3]] == ["1/3", "2/3", "3/3"] and lines[3].startswith("Test set")
    saved = read_run(str(run))
    assert len(saved.arrays["0.losses"]) == 180
    (score,) = saved.meta["branches"][0]["scores"]
    assert score["count"] == 180 and f"{score['correct']}/20" in lines[3]


def test_autosave_without_a_name_goes_to_the_state_folder(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("nnstep.train_command.default_autosave_path", lambda: str(tmp_path / "auto.nnrun"))
    assert train("--epochs", 1, "--autosave") == 0
    assert f"Autosave: {tmp_path / 'auto.nnrun'}" in capsys.readouterr().err
    assert len(read_run(str(tmp_path / "auto.nnrun")).arrays["0.losses"]) == 60


def test_training_goes_on_where_autosave_cannot_write(tmp_path: Path, capsys) -> None:
    assert train("--epochs", 2, "--autosave", tmp_path / "no" / "r.nnrun") == 0
    told = capsys.readouterr()
    assert told.err.count("autosave failed") == 1 and "does not exist" in told.err and "Training epoch 2/2" in told.out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals_save_and_leave(number: signal.Signals, code: int, tmp_path: Path) -> None:
    run = tmp_path / "r.nnrun"
    process = start("--epochs", "100000", "--autosave", str(run))
    assert process.stdout and process.stdout.readline().startswith("Training epoch 1/")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code and "Interrupted at epoch" in out and not err
    last = [line for line in out.splitlines() if line.startswith("Interrupted")][0]
    words = last.replace(",", "").split()
    reached = (int(words[3]) - 1) * 60 + int(words[5])
    assert_sound(run, reached, exactly=True)


def test_a_killed_run_lost_no_epoch_whose_line_was_printed(tmp_path: Path) -> None:
    generator = np.random.default_rng(11)
    for _ in range(6):
        run = tmp_path / "r.nnrun"
        run.unlink(missing_ok=True)
        process = start("--epochs", "100000", "--autosave", str(run))
        assert process.stdout and process.stdout.readline().startswith("Training epoch 1/")
        time.sleep(generator.uniform(0, 0.3))
        os.kill(process.pid, signal.SIGKILL)
        lines = [line for line in process.communicate()[0].splitlines() if line.startswith("Training")]
        printed = int(lines[-1].split()[2].split("/")[0]) if lines else 1
        assert_sound(run, printed * 60)
    # What the last process left half written is removed by the next one.
    assert train("--epochs", 1, "--autosave", run) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["r.nnrun"]


def start(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-u", "-m", "nnstep", "train", *SMALL, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def assert_sound(path: Path, at_least: int, exactly: bool = False) -> None:
    """The file opens, and is bit for bit a run that nobody interrupted."""
    whole = new_timeline()
    opened = open_run(read_run(str(path)), new_timeline().stack, whole.samples, NumpyEngine())
    assert opened.count >= at_least and (not exactly or opened.count == at_least)
    while whole.count < opened.count:
        whole.train(opened.count - whole.count)
    np.testing.assert_array_equal(opened.branch.log.losses, whole.branch.log.losses)
    np.testing.assert_array_equal(opened.branch.log.classes, whole.branch.log.classes)
    for ours, theirs in zip(opened.stack.snapshot(), whole.stack.snapshot(), strict=True):
        for name in theirs:
            np.testing.assert_array_equal(ours[name], theirs[name])
