"""The command with networks, optimizers and options of training beyond the first ones."""

import json
from pathlib import Path

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.cli import main
from nnstep.commands import forward
from nnstep.data import load_data
from nnstep.early_stopping import EarlyStopping, hold_out
from nnstep.errors import NnstepError
from nnstep.samples import Samples
from nnstep.stack import Stack
from nnstep.storage import load_weights, put_weights

CONV = "28x28,conv 3 5x5 stride 2,batchnorm,relu,maxpool 2,flatten,16,relu,dropout 0.2,10,softmax"
BASE = ["--limit", "200", "--test-limit", "50", "--layers", CONV, "--loss", "cross_entropy"]


def report_of(arguments: list[str], path: Path) -> dict:
    assert main([*arguments, "--json", str(path)]) == 0
    return json.loads(path.read_text())


def test_a_trained_network_is_saved_with_its_state_and_evaluates_the_same(tmp_path: Path) -> None:
    weights, run = str(tmp_path / "w.npz"), str(tmp_path / "a.nnrun")
    options = ["--optimizer", "adam", "--learning-rate", "0.005", "--batch-size", "16", "--schedule", "cosine:3"]
    more = ["--epochs", "3", "--augment", "shift:1", "--clip-norm", "2", "--weight-decay", "0.0001"]
    trained = report_of(["train", *BASE, *options, *more, "--save", weights, "--save-run", run], tmp_path / "a.json")
    assert trained["epochs"][-1]["error"] < trained["epochs"][0]["error"]
    assert trained["config"]["layers"] == CONV and trained["config"]["optimizer"] == "adam"
    evaluated = report_of(["evaluate", "--weights", weights, "--test-limit", "50"], tmp_path / "b.json")
    assert evaluated["test"] == trained["test"] and evaluated["config"]["loss"] == "cross_entropy"
    traced = report_of(["trace", "--run", run, "--at", "2.17"], tmp_path / "c.json")
    assert traced["learning_rate"] == pytest.approx(0.005 * 0.75)  # cosine:3 in its second epoch
    batchnorm, dropout = traced["frames"][1], traced["frames"][7]
    assert set(batchnorm["state_after"]) == {"running_mean", "running_variance"}
    assert set(np.ravel(dropout["details"]["mask"])) <= {0, 1} and "weights.mean" in traced["frames"][-1]["state_after"]
    with np.load(weights) as file:
        assert "1.state.running_mean" in file.files


def test_scores_are_taken_in_evaluation() -> None:
    network, samples = build_network("784,30,dropout 0.9,10"), load_data("samples", 20, 20).test
    np.testing.assert_array_equal(forward(network, samples), forward(network, samples))
    np.testing.assert_array_equal(network.predict(samples.inputs(slice(None))), forward(network, samples))
    assert network.layers[1].training and network.layers[1].state["drawn"] == 0


def test_weights_without_a_state_still_load(tmp_path: Path) -> None:
    network = build_network("784,batchnorm,10")
    path = tmp_path / "w.npz"
    arrays = {
        "0.gamma": np.full(784, 2.0),
        "0.beta": np.zeros(784),
        "1.weights": np.ones((784, 10)),
        "1.bias": np.zeros(10),
    }
    np.savez(path, **arrays)
    put_weights(Stack(network.layers, network.loss), load_weights(str(path)), str(path))
    assert network.layers[0].parameters["gamma"][0] == 2 and network.layers[0].state["running_variance"][0] == 1


def test_early_stopping_keeps_the_best_weights(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    # so large a learning rate that the held-out error rises again
    options = ["--layers", "784,20,relu,10", "--limit", "200", "--learning-rate", "0.3", "--epochs", "40"]
    report = report_of(["train", *options, "--patience", "2"], tmp_path / "a.json")
    errors = [epoch["held_out"] for epoch in report["epochs"]]
    best = report["best_epoch"]
    assert len(errors) == best + 2 < 40 and errors[best - 1] == min(errors)
    out = capsys.readouterr().out
    assert "Stopped: the held-out error has not fallen for 2 epochs" in out and f"those of epoch {best}," in out
    shorter = report_of(["train", *options[:-1], str(best), "--patience", "50"], tmp_path / "b.json")
    assert shorter["test"]["loss"] == report["test"]["loss"] or shorter["best_epoch"] != best


def test_early_stopping_holds_digits_out_for_a_homework_too(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    homework = str(Path(__file__).parents[1] / "samples" / "homework.py")
    run = tmp_path / "run.nnrun"
    options = ["--net", homework, "--limit", "100", "--learning-rate", "0.8", "--epochs", "20", "--patience", "1"]
    report = report_of(["train", *options, "--save-run", str(run)], tmp_path / "a.json")
    errors = [epoch["held_out"] for epoch in report["epochs"]]
    assert len(errors) == report["best_epoch"] + 1 < 20 and errors[-1] >= errors[-2]
    assert main(["runs", str(run)]) == 0 and "90 samples" in capsys.readouterr().out
    assert main(["trace", "--run", str(run), "--at", "1.90", "--step", "1"]) == 0


def test_patience_counts_epochs_without_a_smaller_error() -> None:
    network = build_network("2,1")
    stack, stopping = Stack(network.layers, network.loss), EarlyStopping(2)
    assert [stopping.after_epoch(error, stack) for error in (3.0, 2.0, 2.5, 1.9, 1.9, 2.0)] == [False] * 5 + [True]
    assert stopping.best_epoch == 4
    samples = Samples(np.zeros((25, 4)), np.arange(25, dtype=np.uint8), (1, 4), 25)
    kept, rest = hold_out(samples)
    assert kept.labels.tolist() == list(range(23)) and rest.labels.tolist() == [23, 24]
    with pytest.raises(NnstepError, match="of 9 that is none"):
        hold_out(samples.first(9))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--patience", "0"], "--patience expected to be 1 or more"),
        (["--optimizer", "adagrad"], "unknown optimizer 'adagrad'"),
        (["--schedule", "linear"], "schedule 'linear' expected a name"),
        (["--augment", "zoom:2"], "augment 'zoom:2'"),
        (["--clip-norm", "-1"], "clip norm expected"),
        (["--layers", "784,20,batchnorm,10"], "batchnorm 2 has nothing to normalise in batches of one sample"),
        (["--layers", "784,batchnorm,10"], "batchnorm 1 has nothing to normalise in batches of one sample"),
        (["--layers", "28x28,conv 3 28x28,batchnorm,flatten,10"], "batchnorm 2 has nothing to normalise"),
        (["--layers", "20x20,conv 2 3x3,flatten,10"], "the network takes 400 inputs"),
        (["--layers", "28x28,conv 2 3x3,flatten,5"], "the network gives 5 outputs"),
    ],
)
def test_what_cannot_work_is_one_line(options: list[str], message: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["train", "--limit", "20", "--epochs", "1", *options]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
