import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstep import train_command, training_bar
from nnstep.cli import main
from nnstep.commands import test_set as score_of
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.errors import NnstepError
from nnstep.network import Evaluation


def run(*words: object) -> int:
    return main([str(word) for word in words])


def test_train_prints_the_lines_and_writes_report_and_weights(tmp_path: Path, capsys) -> None:
    report, weights = tmp_path / "r.json", tmp_path / "w.npz"
    assert run("train", "--limit", 200, "--epochs", 2, "--json", report, "--save", weights) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Training epoch 1/2   error=0.")
    assert lines[2].startswith("Test set: Avg. loss: 0.") and "/1000 (" in lines[2] and "strict: " in lines[2]
    told = json.loads(report.read_text())
    assert [epoch["epoch"] for epoch in told["epochs"]] == [1, 2]
    assert lines[1] == f"Training epoch 2/2   error={told['epochs'][1]['error']:.6f}"
    assert told["test"]["samples"] == 1000 and told["config"]["layers"] == "784,128,tanh,64,tanh,10,tanh"
    with np.load(weights) as file:
        assert file["0.weights"].shape == (784, 128) and file["2.bias"].shape == (10,)
        assert json.loads(str(file["meta"]))["learning_rate"] == 0.1

    assert run("evaluate", "--weights", weights) == 0
    assert capsys.readouterr().out.splitlines()[0] == lines[2]


def test_weights_remember_their_layers_and_go_on_where_they_were(tmp_path: Path, capsys) -> None:
    first, both = tmp_path / "first.npz", tmp_path / "both.npz"
    shape = ("--layers", "784,12,relu,10,sigmoid", "--limit", 50)
    assert run("train", *shape, "--epochs", 1, "--save", first) == 0
    assert run("train", "--limit", 50, "--epochs", 1, "--weights", first, "--save", both) == 0
    straight = tmp_path / "straight.npz"
    assert run("train", *shape, "--epochs", 2, "--save", straight) == 0
    with np.load(both) as one, np.load(straight) as other:
        np.testing.assert_array_equal(one["0.weights"], other["0.weights"])


def test_json_on_standard_output_is_json_alone(capsys) -> None:
    assert run("evaluate", "--test-limit", 20, "--json", "-") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["test"]["samples"] == 20
    assert "Test set" in told.err


def test_predict_takes_the_test_set_or_one_of_it(capsys) -> None:
    assert run("predict", "--test-limit", 3) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert run("predict", "--sample", 2, "--json", "-") == 0
    (row,) = json.loads(capsys.readouterr().out)["predictions"]
    assert row["label"] == 1 and len(row["outputs"]) == 10 and row["prediction"] == int(np.argmax(row["outputs"]))


def test_predict_reads_a_picture_file(tmp_path: Path, capsys) -> None:
    image = pytest.importorskip("PIL.Image")
    from nnstep.data import load_data

    pixels = load_data("samples").test.pixels[:1].reshape(28, 28)
    image.fromarray(255 - pixels).resize((56, 56)).save(tmp_path / "dark_on_light.png")
    image.fromarray(pixels).save(tmp_path / "as_mnist.png")
    assert run("predict", tmp_path / "as_mnist.png", tmp_path / "dark_on_light.png", "--json", "-") == 0
    rows = json.loads(capsys.readouterr().out)["predictions"]
    np.testing.assert_allclose(rows[0]["outputs"], rows[1]["outputs"], atol=0.05)
    assert run("predict", "--sample", 0, "--json", "-") == 0
    (same,) = json.loads(capsys.readouterr().out)["predictions"]
    np.testing.assert_allclose(rows[0]["outputs"], same["outputs"])


def test_trace_writes_text_json_and_npz(tmp_path: Path, capsys) -> None:
    assert run("trace", "--sample", 4) == 0
    text = capsys.readouterr().out
    assert "label 9" in text and "step 14 of 14   backward   affine 1" in text and "weights after" in text
    assert run("trace", "--sample", 4, "--json", tmp_path / "t.json", "--npz", tmp_path / "t.npz") == 0
    told = json.loads((tmp_path / "t.json").read_text())
    assert told["label"] == 9 and len(told["frames"]) == 14
    last = told["frames"][-1]
    assert (last["phase"], last["layer"], last["name"]) == ("backward", 0, "affine 1")
    after = np.array(last["before"]["weights"]) - 0.1 * np.array(last["gradients"]["weights"])
    np.testing.assert_allclose(after, last["after"]["weights"])
    with np.load(tmp_path / "t.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["13.after.weights"], last["after"]["weights"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("train", "--learning-rate", "nan"), "learning rate"),
        (("train", "--learning-rate", "x"), "learning-rate"),
        (("train", "--epochs", "0"), "--epochs"),
        (("train", "--limit", "-3"), "--limit"),
        (("train", "--batch-size", "0"), "batch size"),
        (("train", "--layers", "700,10"), "28 × 28 = 784"),
        (("train", "--layers", "784,9"), "9 outputs"),
        (("train", "--layers", "784,10,swish"), "unknown activation"),
        (("train", "--loss", "mae"), "unknown loss"),
        (("train", "--layers", "784,1000000,1000000,10"), "memory"),
        (("train", "--init", "ones"), "unknown init"),
        (("train", "--engine", "gpu"), "unknown engine"),
        (("train", "--dtype", "int8"), "dtype"),
        (("train", "--seed", "-1"), "--seed"),
        (("train", "--save", "/nowhere/w.npz"), "folder"),
        (("train", "--json", "/"), "is a folder"),
        (("train", "--layers", "784,10", "--learning-rate", "1e9", "--engine", "numpy"), "diverged"),
        (("trace", "--sample", "6000"), "0 to 5999"),
        (("trace", "--sample", "-1"), "0 to 5999"),
        (("predict", "--sample", "1000"), "0 to 999"),
        (("predict", "nowhere.png"), "no such picture"),
        (("evaluate", "--weights", "nowhere.npz"), "no such weights file"),
        (("evaluate", "--data", "nowhere"), "no such file"),
        (("--sample", "6000"), "0 to 5999"),
        (("nonsense",), "nonsense"),
        (("train", "--nonsense"), "nonsense"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(words: tuple[str, ...], says: str, capsys) -> None:
    assert run(*words) == 2
    told = capsys.readouterr()
    assert says in told.err and told.err.count("\n") == 1 and not told.out


def test_weights_that_do_not_fit_name_layer_and_shapes(tmp_path: Path, capsys) -> None:
    good = tmp_path / "w.npz"
    assert run("train", "--limit", 5, "--epochs", 1, "--save", good) == 0
    with np.load(good) as file:
        arrays = dict(file)
    np.savez(tmp_path / "bare.npz", **{k: v for k, v in arrays.items() if k != "meta"})
    assert run("evaluate", "--test-limit", 5, "--weights", tmp_path / "bare.npz") == 0
    np.savez(tmp_path / "shape.npz", **(arrays | {"1.weights": np.zeros((128, 65))}))
    np.savez(tmp_path / "fewer.npz", **{k: v for k, v in arrays.items() if not k.startswith("2")})
    np.savez(tmp_path / "nan.npz", **(arrays | {"1.bias": np.full(64, np.nan)}))
    np.savez(tmp_path / "pickle.npz", **(arrays | {"1.bias": np.array([None] * 64)}))
    (tmp_path / "cut.npz").write_bytes(good.read_bytes()[:5000])
    (tmp_path / "empty.npz").write_bytes(b"")
    for name, says in (
        ("shape", "weights of affine 3 expected shape (128, 64), received (128, 65)"),
        ("fewer", "3 layers with parameters, received 2"),
        ("nan", "1.bias holds NaN"),
        ("pickle", "pickled"),
        ("cut", "damaged"),
        ("empty", "empty"),
    ):
        capsys.readouterr()
        assert run("evaluate", "--weights", tmp_path / f"{name}.npz") == 2
        assert says in capsys.readouterr().err


def test_ctrl_c_stops_at_a_sample_and_still_saves(tmp_path: Path) -> None:
    weights = tmp_path / "w.npz"
    command = [sys.executable, "-m", "nnstep", "train", "--epochs", "500", "--save", str(weights)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Training epoch 1/500")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Interrupted at epoch" in out and err in (
        "",
        "Compiling the engine; that is needed once and takes a few seconds\n",
    )
    with np.load(weights) as file:
        assert file["0.weights"].shape == (784, 128)


def test_commands_compute_in_one_thread_as_the_app_does_so_that_bits_are_the_same_everywhere(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom nnstep.cli import main\nfrom threadpoolctl import threadpool_info\n"
        "main(sys.argv[1:])\nprint([pool['num_threads'] for pool in threadpool_info() if pool['user_api'] == 'blas'])"
    )
    command = ["train", "--limit", "40", "--test-limit", "10", "--epochs", "1", "--batch-size", "16"]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    for first in ("", "import numpy\n"):
        words = [sys.executable, "-c", first + script, *command, "--optimizer", "adam"]
        done = subprocess.run(words, capture_output=True, text=True, env=environment, check=True)
        assert set(json.loads(done.stdout.splitlines()[-1])) == {1}


def test_ctrl_c_while_the_engine_is_compiled_is_not_lost(tmp_path: Path, monkeypatch, capsys) -> None:
    def prepare(*_: object) -> None:
        with suppress(KeyboardInterrupt):  # as a callback of the compiler does
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(NumpyEngine, "prepare", prepare)
    weights = tmp_path / "w.npz"
    assert run("train", "--limit", 40, "--epochs", 1, "--engine", "numpy", "--save", weights) == 130
    told = capsys.readouterr()
    assert told.err == "nnstep: interrupted\n" and not told.out and not weights.exists()


def test_a_signal_that_comes_while_the_result_is_written_waits(tmp_path: Path, monkeypatch) -> None:
    strays: list[int] = []

    def interrupted(*given: Any) -> Evaluation:
        os.kill(os.getpid(), signal.SIGTERM)
        return score_of(*given)

    monkeypatch.setattr(train_command, "test_set", interrupted)
    before = signal.signal(signal.SIGTERM, lambda number, frame: strays.append(number))
    try:
        weights = tmp_path / "w.npz"
        small = ["--limit", 40, "--test-limit", 10, "--epochs", 1, "--engine", "numpy"]
        assert run("train", *small, "--save", weights) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    assert weights.exists() and not strays


def test_what_can_be_written_is_although_something_else_cannot(tmp_path: Path, monkeypatch, capsys) -> None:
    def full(path: str, *_: object, **__: object) -> None:
        raise NnstepError(f"{path}: cannot be written (No space left on device)")

    monkeypatch.setattr(train_command, "save_run", full)
    run_file, weights, report = tmp_path / "r.nnrun", tmp_path / "w.npz", tmp_path / "r.json"
    small = ["--limit", 40, "--test-limit", 10, "--engine", "numpy", "--save-run", run_file, "--save", weights]
    assert run("train", *small, "--epochs", 1, "--json", report) == 2
    told = capsys.readouterr()
    assert "Test set:" in told.out and told.err.count("\n") == 1 and "No space left" in told.err
    assert weights.exists() and json.loads(report.read_text())["test"]["samples"] == 10
    assert run("train", *small, "--epochs", 2, "--learning-rate", 1e9, "--layers", "784,10", "--no-alarms") == 2
    lines = capsys.readouterr().err.splitlines()
    assert "No space left" in lines[0] and "diverged" in lines[1] and len(lines) == 2


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch) -> None:
    from nnstep.errors import NnstepError
    from nnstep.storage import write_text, write_whole

    path = tmp_path / "report.json"
    write_text(str(path), "old")

    def fail(file: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(NnstepError, match="No space left"):
        write_whole(str(path), fail)
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["report.json"]


def test_a_notice_says_that_the_engine_compiles_only_where_that_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from nnstep.engines.numpy_engine import NumpyEngine

    few = ("train", "--limit", 5, "--test-limit", 5, "--epochs", 1, "--engine", "numpy")
    assert run(*few) == 0
    assert "Compiling" not in capsys.readouterr().err
    monkeypatch.setattr(training_bar, "NOTICE_SECONDS", 0.01)
    monkeypatch.setattr(NumpyEngine, "prepare", lambda *arguments: time.sleep(0.3))
    assert run(*few) == 0
    assert "Compiling the engine" in capsys.readouterr().err
