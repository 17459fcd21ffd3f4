import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.branches import Position, with_rate
from nnstep.cli import main, make_parser
from nnstep.commands import open_saved
from nnstep.data import load_data
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.errors import NnstepError
from nnstep.pulse import pulse_of
from nnstep.runs import open_run, read_run, save_run
from nnstep.scoring import score
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline

SAMPLES = load_data("samples", 30).train
LAYERS = "784,5,tanh,10,tanh"
SMALL = ["--layers", LAYERS, "--limit", "30", "--test-limit", "10", "--engine", "numpy"]


def new_stack() -> Stack:
    network = build_network(LAYERS)
    return Stack(network.layers, network.loss)


@pytest.fixture
def timeline() -> Timeline:
    timeline = Timeline(new_stack(), SAMPLES, NumpyEngine(), Settings(0.1))
    for _ in range(10):
        timeline.train(5)
    timeline.step_sample()
    timeline.visit(Position(1, 11))
    timeline.fork("slow", with_rate(timeline.branch.settings, 0.01))
    timeline.train(9)
    return timeline


@pytest.fixture
def saved(timeline: Timeline, tmp_path: Path) -> str:
    path = str(tmp_path / "a.nnrun")
    save_run(path, timeline, {"layers": LAYERS, "data": "samples"})
    return path


def test_a_run_comes_back_from_disk_bit_for_bit(timeline: Timeline, saved: str) -> None:
    opened = open_run(read_run(saved), new_stack(), SAMPLES, NumpyEngine())
    assert opened.branch.name == "slow" and opened.count == timeline.count
    for branch, known in timeline.branches.items():
        np.testing.assert_array_equal(opened.branches[branch].log.losses, known.log.losses)
        for position in (Position(1, 1), Position(1, 8), Position(1, 18)):
            ours, theirs = timeline.visit(position, branch), opened.visit(position, branch)
            for a, b in zip(ours, theirs, strict=True):
                assert all(np.array_equal(a[name], b[name]) for name in a)
    timeline.go_to(timeline.branches["main"], 51)
    opened.go_to(opened.branches["main"], 51)
    assert np.array_equal(timeline.train(9).losses, opened.train(9).losses)


def test_scores_and_the_layers_pulse_come_back(timeline: Timeline, tmp_path: Path) -> None:
    test, path = load_data("samples", 30, 40).test, str(tmp_path / "scored.nnrun")
    for branch, counts in (("main", (10, 30, 51)), ("slow", (10, 19))):
        for count in counts:
            timeline.go_to(timeline.branches[branch], count)
            timeline.branch.scores[count] = score(timeline.stack, test, count)
            timeline.branch.pulse.add(count, pulse_of(timeline.frames()))
    save_run(path, timeline, {"layers": LAYERS, "data": "samples", "test_limit": 40})
    opened = open_run(read_run(path), new_stack(), SAMPLES, NumpyEngine())
    save_run(path, opened, read_run(path).config)  # as one who opened it and saves it again does
    opened = open_run(read_run(path), new_stack(), SAMPLES, NumpyEngine())
    for name, known in timeline.branches.items():
        branch = opened.branches[name]
        assert [s.as_json() for s in branch.scores.values()] == [s.as_json() for s in known.scores.values()]
        np.testing.assert_array_equal(branch.pulse.counts, known.pulse.counts)
        np.testing.assert_array_equal(branch.pulse.values, known.pulse.values)
    assert [s.count for s in opened.branches["slow"].scores_along()] == [10, 19]
    timeline.go_to(timeline.branches["main"], 51)
    timeline.cut(40)
    assert list(timeline.branch.scores) == [10, 30] and timeline.branch.pulse.counts.tolist() == [10, 30]


def test_a_file_of_version_2_is_read(saved: str, timeline: Timeline) -> None:
    run = read_run(saved)
    branches = [{k: v for k, v in branch.items() if k != "scores"} for branch in run.meta["branches"]]
    old = {name: array for name, array in run.arrays.items() if "pulse" not in name}
    with open(saved, "wb") as file:
        np.savez(file, meta=np.array(json.dumps(run.meta | {"version": 2, "branches": branches})), **old)
    opened = open_run(read_run(saved), new_stack(), SAMPLES, NumpyEngine())
    assert opened.count == timeline.count and not opened.branch.scores and not len(opened.branch.pulse)


def test_a_score_that_does_not_fit_is_told(saved: str, timeline: Timeline) -> None:
    run = read_run(saved)
    found = score(timeline.stack, load_data("samples", 30, 40).test, 10**6).as_json()
    branches = [branch | {"scores": [found]} for branch in run.meta["branches"]]
    with open(saved, "wb") as file:
        np.savez(file, meta=np.array(json.dumps(run.meta | {"branches": branches})), **run.arrays)
    with pytest.raises(NnstepError, match="damaged"):
        read_run(saved)


def test_a_saved_run_opens_with_its_test_set(tmp_path: Path) -> None:
    path = str(tmp_path / "r.nnrun")
    assert main(["train", *SMALL, "--epochs", "1", "--save-run", path]) == 0
    bench, timeline = open_saved(make_parser().parse_args(["debug", "--run", path]))
    assert len(bench.data.test) == 10 and timeline.branch.scores[30].samples == 10
    assert score(bench.stack, bench.data.test, 30).as_json() == timeline.branch.scores[30].as_json()
    bench, _ = open_saved(make_parser().parse_args(["debug", "--run", path, "--test-limit", "7"]))
    assert len(bench.data.test) == 7


def test_trace_shows_one_step_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, report = str(tmp_path / "r.nnrun"), tmp_path / "r.json"
    assert main(["train", *SMALL, "--epochs", "2", "--save-run", run]) == 0
    assert main(["trace", "--run", run, "--at", "2.5", "--step", "10", "--json", str(report)]) == 0
    (frame,) = json.loads(report.read_text())["frames"]
    assert (frame["index"], frame["phase"], frame["name"]) == (9, "backward", "affine 1")
    capsys.readouterr()
    assert main(["trace", "--run", run, "--at", "2.5", "--step", "5"]) == 0
    out = capsys.readouterr().out
    assert "step 5 of 10   loss" in out and "step 4 of 10" not in out
    assert main(["trace", "--run", run, "--at", "2.5", "--step", "11"]) == 2
    assert "--step expected from 1 to 10" in capsys.readouterr().err
    assert main(["trace", "--run", run, "--at", "2.5.5"]) == 0, "as the debugger's g takes it"
    assert capsys.readouterr().out == out
    assert main(["trace", "--run", run, "--at", "2.5.11"]) == 2
    assert "--step expected from 1 to 10" in capsys.readouterr().err


def test_a_small_file_budget_keeps_fewer_checkpoints_and_every_position(timeline: Timeline, tmp_path: Path) -> None:
    path = str(tmp_path / "small.nnrun")
    save_run(path, timeline, {}, budget=2 * timeline.checkpoint_bytes)
    opened = open_run(read_run(path), new_stack(), SAMPLES, NumpyEngine())
    assert sum(len(branch.checkpoints) for branch in opened.branches.values()) in (1, 2)
    assert np.array_equal(
        opened.visit(Position(2, 7), "main")[0]["weights"], timeline.visit(Position(2, 7), "main")[0]["weights"]
    )


def test_other_data_and_another_network_are_told(saved: str) -> None:
    with pytest.raises(NnstepError, match="was trained on other data.*30 samples"):
        open_run(read_run(saved), new_stack(), load_data("samples", 31).train, NumpyEngine())
    other = build_network("784,6,tanh,10,tanh")
    with pytest.raises(NnstepError, match="do not fit this network"):
        open_run(read_run(saved), Stack(other.layers, other.loss), SAMPLES, NumpyEngine())


def test_truncated_files_are_told_as_such(saved: str) -> None:
    whole = Path(saved).read_bytes()
    for size in (1, 100, len(whole) // 2, len(whole) - 1):
        Path(saved).write_bytes(whole[:size])
        with pytest.raises(NnstepError, match="damaged|no run file|not a run file"):
            read_run(saved)
    Path(saved).write_bytes(b"")
    with pytest.raises(NnstepError, match="empty"):
        read_run(saved)


def test_an_altered_byte_is_told_or_changes_nothing(saved: str) -> None:
    whole, generator = Path(saved).read_bytes(), random.Random(7)
    arrays = read_run(saved).arrays
    told = 0
    for _ in range(150):
        at = generator.randrange(len(whole))
        Path(saved).write_bytes(whole[:at] + bytes([whole[at] ^ 1 << generator.randrange(8)]) + whole[at + 1 :])
        try:
            found = read_run(saved).arrays
        except NnstepError:
            told += 1
            continue
        assert found.keys() == arrays.keys() and all(np.array_equal(found[name], arrays[name]) for name in arrays)
    assert told > 100


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "not a run file"),
        ({"version": 99}, "version 99.*newer nnstep"),
        ({"branches": []}, "damaged"),
        ({"at": {"branch": "slow", "count": 10**6}}, "damaged"),
        ({"layers": "many"}, "damaged"),
        ({"config": None}, "damaged"),
        ({"config": {"seed": "x"}}, "damaged"),
        ({"config": {"dtype": "float16"}}, "damaged"),
        ({"samples": "x"}, "damaged"),
        ({"fingerprint": 5}, "damaged"),
        ({"notes": []}, "damaged"),
        ({"notes": {"alarms": [{"id": "none"}]}}, "damaged"),
    ],
)
def test_a_meta_entry_that_does_not_fit_is_told(saved: str, change: dict[str, object], message: str) -> None:
    run = read_run(saved)
    with open(saved, "wb") as file:
        np.savez(file, meta=np.array(json.dumps(run.meta | change)), **run.arrays)
    with pytest.raises(NnstepError, match=message):
        read_run(saved)


def test_a_run_that_does_not_say_what_it_was_made_with_is_told_in_one_line(saved: str, capsys) -> None:
    run = read_run(saved)
    config = {name: value for name, value in run.config.items() if name != "seed"}
    with open(saved, "wb") as file:
        np.savez(file, meta=np.array(json.dumps(run.meta | {"config": config})), **run.arrays)
    assert main(["trace", "--run", saved, "--at", "1.1"]) == 2
    said = capsys.readouterr().err
    assert "damaged: does not say its" in said and "seed" in said and said.count("\n") == 1


def test_a_killed_save_leaves_the_old_run_or_the_new_one(tmp_path: Path) -> None:
    path, ready = tmp_path / "run.nnrun", tmp_path / "ready"
    program = f"""
import numpy as np, pathlib
from nnstep.architecture import build_network
from nnstep.data import load_data
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.runs import save_run
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline
network = build_network("{LAYERS}")
timeline = Timeline(Stack(network.layers, network.loss), load_data("samples", 30).train, NumpyEngine(), Settings(0.1))
while True:
    timeline.train(1)
    save_run({str(path)!r}, timeline, {{}})
    pathlib.Path({str(ready)!r}).touch()
"""
    generator, before = random.Random(3), 0
    for _ in range(8):
        child = subprocess.Popen([sys.executable, "-c", program])
        while not ready.exists():
            assert child.poll() is None
            time.sleep(0.005)
        time.sleep(generator.uniform(0, 0.15))
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        ready.unlink(missing_ok=True)
        run = read_run(str(path))
        opened = open_run(run, new_stack(), SAMPLES, NumpyEngine())
        fresh = Timeline(new_stack(), SAMPLES, NumpyEngine(), Settings(0.1))
        while fresh.count < opened.count:
            fresh.train(opened.count - fresh.count)
        assert opened.count > 0
        assert np.array_equal(fresh.branch.log.losses, opened.branch.log.losses)
        assert np.array_equal(fresh.stack.snapshot()[0]["weights"], opened.stack.snapshot()[0]["weights"])
        before += opened.count
    assert before > 8


def test_train_saves_a_run_that_trace_and_runs_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, report = str(tmp_path / "r.nnrun"), tmp_path / "r.json"
    assert main(["train", *SMALL, "--epochs", "2", "--save-run", run]) == 0
    assert main(["trace", "--run", run, "--at", "2.5", "--json", str(report)]) == 0
    traced = json.loads(report.read_text())
    fresh = Timeline(new_stack(), SAMPLES, NumpyEngine(), Settings(0.1))
    fresh.train(30)
    fresh.train(4)
    assert traced["sample"] == 4 and traced["at"] == "2.5" and len(traced["frames"]) == 10
    np.testing.assert_array_equal(traced["frames"][0]["before"]["weights"], fresh.stack.snapshot()[0]["weights"])
    capsys.readouterr()
    assert main(["runs", run, "--json", str(report)]) == 0
    text = capsys.readouterr().out
    assert LAYERS in text and "main   1.1 to 3.1" in text and "epoch   2   error 0." in text
    branch = json.loads(report.read_text())["runs"][0]["branches"][0]
    assert branch["errors"][1]["epoch"] == 2 and branch["scores"][0]["samples"] == 10
    assert f"test set at 3.1   accuracy {branch['scores'][0]['correct']}/10" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--run", "RUN", "--at", "3.2"], "3.2 is not in this run; 'main' has 1.1 to 3.1"),
        (["--run", "RUN", "--at", "x"], "EPOCH.SAMPLE"),
        (["--run", "RUN"], "--run and --at go together"),
        (["--run", "RUN", "--at", "1.1", "--limit", "29"], "other data"),
        (["--run", "RUN", "--at", "1.1", "--branch", "no"], "no branch 'no'"),
        (["--run", "missing.nnrun", "--at", "1.1"], "there is no such run file"),
    ],
)
def test_bad_input_gets_one_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "r.nnrun")
    assert main(["train", *SMALL, "--epochs", "2", "--save-run", run]) == 0
    capsys.readouterr()
    assert main(["trace", *[run if word == "RUN" else word for word in words]]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_budget_too_small_is_told_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "r.nnrun"
    assert main(["train", *SMALL, "--epochs", "1", "--save-run", str(run), "--budget", "0.01"]) == 2
    assert "too small" in capsys.readouterr().err and not run.exists()
