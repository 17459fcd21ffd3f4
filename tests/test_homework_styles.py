"""Homework files of many styles compute and learn what the same network in plain numpy does."""

import json
from pathlib import Path

import numpy as np
import pytest

from nnstep.adapting import HomeworkStack
from nnstep.arithmetic import explain
from nnstep.breakpoints import parse_breakpoint
from nnstep.cli import main
from nnstep.debugger import Debugger
from nnstep.engines.base import choose_engine
from nnstep.homework import load_homework
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.source import running_source
from nnstep.terms import Place
from nnstep.timeline import Timeline
from nnstep.watches import parse_watch

FOLDER = Path(__file__).parent / "homework"
SAMPLES = Path(__file__).parent.parent / "samples"
STYLES = ["row_vectors.py", "columns.py", "flat_vectors.py", "class_with_layers.py", "main_guard.py", "notebook.ipynb"]
every_style = pytest.mark.parametrize("style", STYLES)


def initial_weights() -> list[np.ndarray]:
    first, second = np.random.default_rng(3), np.random.default_rng(4)
    return [
        first.uniform(-0.05, 0.05, (784, 12)),
        first.uniform(-0.05, 0.05, 12),
        second.uniform(-0.05, 0.05, (12, 10)),
        second.uniform(-0.05, 0.05, 10),
    ]


def train_plainly(digits: Dataset, count: int, rate: float) -> tuple[list[float], list[np.ndarray]]:
    """The same network written out: 784 → 12 tanh → 10 tanh, mean squared error, one sample at a time."""
    W1, b1, W2, b2 = initial_weights()
    losses = []
    for x, y in zip(digits.train.inputs(slice(count)), digits.train.targets(slice(count)), strict=True):
        a1 = np.tanh(x @ W1 + b1)
        a2 = np.tanh(a1 @ W2 + b2)
        losses.append(float(np.mean((y - a2) ** 2)))
        d2 = -2 * (y - a2) / 10 * (1 - a2**2)
        d1 = W2 @ d2 * (1 - a1**2)
        W2, b2 = W2 - rate * np.outer(a1, d2), b2 - rate * d2
        W1, b1 = W1 - rate * np.outer(x, d1), b1 - rate * d1
    return losses, [W1, b1, W2, b2]


def timeline_of(style: str, digits: Dataset, rate: float = 0.1) -> tuple[HomeworkStack, Timeline]:
    stack = HomeworkStack(load_homework(str(FOLDER / style)), digits)
    return stack, Timeline(stack, digits.train, choose_engine("auto", stack), Settings(rate))


@every_style
def test_a_homework_learns_what_the_same_network_in_plain_numpy_learns(style: str, digits: Dataset) -> None:
    stack, timeline = timeline_of(style, digits)
    losses = np.concatenate([timeline.train(20).losses for _ in range(2)])
    expected, weights = train_plainly(digits, 40, 0.1)
    assert np.allclose(losses, expected, rtol=1e-12, atol=0)
    found = [array for arrays in stack.canonical_parameters() for array in arrays.values()]
    assert [array.shape for array in found] == [(784, 12), (12,), (12, 10), (10,)]
    assert all(np.allclose(a, b, rtol=1e-9, atol=1e-13) for a, b in zip(found, weights, strict=True))
    assert not stack.take_prints()


@every_style
def test_only_weights_and_bias_are_found_as_parameters(style: str, digits: Dataset) -> None:
    stack, _ = timeline_of(style, digits)
    counts = [len(stack.parameters_of(index)) for index in range(4)]
    assert counts == [2, 0, 2, 0]
    sizes = [sorted(array.size for array in stack.parameters_of(index).values()) for index in (0, 2)]
    assert sizes == [[12, 784 * 12], [10, 120]]


@every_style
def test_stepping_and_travel_give_the_same_numbers_again(style: str, digits: Dataset) -> None:
    stack, timeline = timeline_of(style, digits)
    debugger = Debugger(timeline)
    for _ in range(5):
        debugger.next_sample()
    frames = debugger.frames
    for _ in range(5):
        debugger.previous_sample()
    for _ in range(5):
        debugger.next_sample()
    for before, after in zip(frames, debugger.frames, strict=True):
        assert np.array_equal(before.input, after.input)
        for name, array in before.after.items():
            assert np.array_equal(array, after.after[name])
    expected, _ = train_plainly(digits, 6, 0.1)
    assert np.isclose(debugger.loss, expected[5], rtol=1e-12)
    timeline.go_to_head()
    timeline.train(200)
    timeline.go_to(timeline.branch, 3)
    timeline.go_to_head()


@every_style
def test_the_gradient_of_a_step_is_the_update_over_the_learning_rate(style: str, digits: Dataset) -> None:
    stack, timeline = timeline_of(style, digits, 0.5)
    frame = timeline.frames()[-1]
    _, weights = train_plainly(digits, 1, 0.5)
    gradient = max(frame.gradients.values(), key=np.size)
    found = gradient if gradient.shape == (784, 12) else gradient.T
    assert frame.derived
    assert np.allclose(found, (initial_weights()[0] - weights[0]) / 0.5, rtol=1e-9, atol=1e-12)


@every_style
def test_the_source_beside_a_step_is_the_students(style: str, digits: Dataset) -> None:
    stack, timeline = timeline_of(style, digits)
    frames = timeline.frames()
    function = running_source(stack, frames[-1], frames)[0]
    assert function.name.endswith(".backward_propagation")
    ran = [line for number, line in function.lines if number in function.ran]
    assert any("return" in line for line in ran)
    assert function.file in (style, "sibling_layers.py")


@every_style
def test_elements_are_explained_by_the_rule_that_they_agree_with(style: str, digits: Dataset) -> None:
    stack, timeline = timeline_of(style, digits)
    timeline.train(3)
    frames = timeline.frames()
    weights, bias = sorted(frames[9].gradients, key=lambda name: -frames[9].gradients[name].size)
    large = frames[9].gradients[weights].shape
    at = (400, 3) if large == (784, 12) else (3, 400)
    W = f"[{at[0]},{at[1]}]"
    cases = {
        (0, "output", (0, 3)): ("Y[3] = Σᵢ X[i]·", 785),
        (1, "output", (0, 3)): ("Y[3] = tanh(X[3])", 1),
        (4, "output", ()): ("E = Σⱼ (y[j] − ŷ[j])²/10", 10),
        (5, "input_gradient", (0, 2)): ("dE/dŷ[2] = −2·(y[2] − ŷ[2])/10", 1),
        (6, "input_gradient", (0, 2)): ("dE/dX[2] = dE/dY[2]·tanh′(X[2])", 1),
        (7, "input_gradient", (0, 2)): ("dE/dX[2] = Σⱼ dE/dY[j]·", 10),
        (9, f"gradients.{weights}", at): ("X[400]·dE/dY[3]", 1),
        (9, f"gradients.{bias}", np.unravel_index(3, frames[9].gradients[bias].shape)): ("dE/dY[3]", 1),
        (9, f"after.{weights}", at): (f"{W} − η·", 2),
    }
    for (step, key, index), (formula, terms) in cases.items():
        found = explain(frames, stack.layers, Place(step, key, tuple(map(int, index))))
        assert formula in found.formula
        assert len(found.values) == terms
        assert np.isclose(found.values.sum(), found.value, rtol=1e-6, atol=1e-15)


def test_an_element_that_disagrees_with_its_rule_says_what_the_rule_would_give(digits: Dataset) -> None:
    stack = HomeworkStack(load_homework(str(SAMPLES / "homework_broken.py")), digits)
    timeline = Timeline(stack, digits.train, choose_engine("auto", stack), Settings(0.1))
    frames = timeline.frames()
    frame = frames[6]
    slope = frame.output_gradient[0, 2] * (1 - np.tanh(frame.input[0, 2]) ** 2)
    note = explain(frames, stack.layers, Place(6, "input_gradient", (0, 2))).note
    assert note.startswith("Computed by backward_propagation of TanhLayer 4: dE/dY[2]·tanh′(X[2]) would give ")
    assert f"{slope:.4g}".replace("-", "−") in note or f"{slope:.3e}".replace("-", "−") in note


@every_style
def test_breakpoints_and_watches_take_the_students_parameters(style: str, digits: Dataset) -> None:
    stack, timeline = timeline_of(style, digits)
    debugger = Debugger(timeline)
    names = {name for index in range(4) for name in stack.parameters_of(index)}
    weights = max(stack.parameters_of(0), key=lambda name: stack.parameters_of(0)[name].size)
    debugger.watches.add(parse_watch(f"0.{weights}[2,1]", stack.names, names))
    found = parse_breakpoint("backward if |dX| > 0", stack.names, names)
    hits = [
        frame.step.index
        for frame, moment in zip(debugger.frames, debugger.moments, strict=True)
        if found.stops_at(moment)
    ]
    assert hits == [6, 7, 8, 9]
    values = [list(debugger.watches)[0].value(moment) for moment in debugger.moments]
    assert values[0] == stack.parameters_of(0)[weights][2, 1]


@every_style
def test_batches_descend_by_the_gradient_of_their_mean_loss(style: str, digits: Dataset) -> None:
    stack = HomeworkStack(load_homework(str(FOLDER / style)), digits)
    timeline = Timeline(stack, digits.train, choose_engine("auto", stack), Settings(0.1, 4))
    if style == "row_vectors.py" or style == "notebook.ipynb":
        assert not all(layer.batched for layer in stack.layers)
    timeline.train(4)
    single, moves = initial_weights(), np.zeros((784, 12))
    for row in range(4):
        x, y = digits.train.inputs(slice(row, row + 1))[0], digits.train.targets(slice(row, row + 1))[0]
        a1 = np.tanh(x @ single[0] + single[1])
        a2 = np.tanh(a1 @ single[2] + single[3])
        d1 = single[2] @ (-2 * (y - a2) / 40 * (1 - a2**2)) * (1 - a1**2)
        moves -= 0.1 * np.outer(x, d1)
    found = stack.canonical_parameters()[0]["weights"]
    assert np.allclose(found - single[0], moves, rtol=1e-9, atol=1e-13)


@every_style
def test_every_command_takes_a_homework(style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = ["--net", str(FOLDER / style), "--limit", "30", "--test-limit", "20"]
    weights, run = str(tmp_path / "w.npz"), str(tmp_path / "r.nnrun")
    assert main(["train", *net, "--epochs", "2", "--save", weights, "--save-run", run, "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert main(["evaluate", *net, "--weights", weights, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["test"] == report["test"]
    with np.load(weights) as saved:
        assert saved["0.weights"].shape == (784, 12)
        assert saved["1.bias"].shape == (10,)
    assert main(["predict", *net, "--weights", weights, "--sample", "0"]) == 0
    capsys.readouterr()
    assert main(["trace", "--run", run, "--at", "2.10", "--json", "-"]) == 0
    traced = json.loads(capsys.readouterr().out)
    assert (traced["epoch"], traced["sample"], len(traced["frames"])) == (2, 9, 10)


def test_weights_go_into_a_layer_either_way_round(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = str(tmp_path / "w.npz")
    first, second = ["--net", str(FOLDER / "row_vectors.py")], ["--net", str(FOLDER / "columns.py")]
    assert main(["train", *first, "--limit", "40", "--epochs", "1", "--test-limit", "20", "--save", weights]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert main(["evaluate", *second, "--weights", weights, "--test-limit", "20"]) == 0
    assert capsys.readouterr().out.strip() == line


def test_net_and_layers_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--net", str(FOLDER / "columns.py"), "--layers", "784,10"]) == 2
    assert "--net and --layers exclude each other" in capsys.readouterr().err
