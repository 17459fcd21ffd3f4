from pathlib import Path

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.branches import Position
from nnstep.change_text import apply_change
from nnstep.debugger import Debugger
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.errors import NnstepError
from nnstep.references import difference, reference_frame
from nnstep.runs import open_run, read_run, save_run
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline
from nnstep.tracing import as_arrays
from nnstep.trying import change_element, change_label, change_rate, undo


def new_stack() -> Stack:
    network = build_network("784,8,tanh,10,tanh", seed=3)
    return Stack(network.layers, network.loss)


@pytest.fixture
def debugger(digits: Dataset) -> Debugger:
    debugger = Debugger(Timeline(new_stack(), digits.train, NumpyEngine(), Settings(0.1)))
    for _ in range(4):
        debugger.next_sample()
    return debugger


def everything(debugger: Debugger) -> dict[str, np.ndarray]:
    return as_arrays(debugger.frames)


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_a_changed_pixel_runs_again_and_undo_brings_everything_back(debugger: Debugger) -> None:
    before, pixel = everything(debugger), (0, 400)
    debugger.cursor = 0
    change_element(debugger, "input", pixel, 0.75)
    assert debugger.branch.name == "pixel[400] = 0.75" and debugger.frames[0].input[pixel] == 0.75
    weights, X = debugger.frames[0].before["weights"], before["0.input"].copy()
    X[pixel] = 0.75
    np.testing.assert_allclose(debugger.frames[0].output, X @ weights + debugger.frames[0].before["bias"])
    assert undo(debugger) == "pixel[400] = 0.75"
    assert_same(everything(debugger), before)
    assert list(debugger.timeline.branches) == ["main"]


def test_a_changed_input_of_a_later_layer_leaves_the_layers_before_it_alone(debugger: Debugger) -> None:
    before = everything(debugger)
    debugger.cursor = 2
    change_element(debugger, "input", (0, 3), 2.0)
    after = everything(debugger)
    np.testing.assert_array_equal(after["1.output"], before["1.output"])
    expected = before["2.input"].copy()
    expected[0, 3] = 2.0
    np.testing.assert_array_equal(after["2.input"], expected)
    assert not np.array_equal(after["3.output"], before["3.output"])
    assert debugger.cursor == 2


def test_a_changed_weight_holds_from_the_sample_on(debugger: Debugger) -> None:
    before, value = everything(debugger), 0.5
    debugger.cursor = 0
    change_element(debugger, "before.weights", (17, 3), value)
    assert debugger.frames[0].before["weights"][17, 3] == value
    debugger.next_sample()
    moved = debugger.frames[0].before["weights"][17, 3] - value
    assert abs(moved) < 0.1
    undo(debugger)
    assert_same(everything(debugger), before)
    assert "W[17,3] of affine 1 = 0.5" in debugger.timeline.branches, "what was trained on the change is kept"


def test_another_label_changes_the_loss_and_its_gradient_by_hand(debugger: Debugger) -> None:
    outputs, old = debugger.outputs[0], debugger.label
    change_label(debugger, (old + 1) % 10)
    target = np.eye(10)[(old + 1) % 10]
    assert debugger.label == (old + 1) % 10
    assert debugger.loss == pytest.approx(float(np.mean((target - outputs) ** 2)))
    with pytest.raises(NnstepError, match="label expected from 0 to 9, received 10"):
        change_label(debugger, 10)


def test_another_learning_rate_scales_the_update(debugger: Debugger) -> None:
    update = everything(debugger)["9.after.weights"] - everything(debugger)["9.before.weights"]
    change_rate(debugger, 0.2)
    twice = everything(debugger)["9.after.weights"] - everything(debugger)["9.before.weights"]
    np.testing.assert_allclose(twice, 2 * update, atol=1e-15)
    with pytest.raises(NnstepError, match="finite number, 0 or more"):
        change_rate(debugger, -1)


def test_changes_add_up_and_are_undone_one_by_one(debugger: Debugger) -> None:
    debugger.cursor = 0
    states = [everything(debugger)]
    change_element(debugger, "input", (0, 1), 1.0)
    states.append(everything(debugger))
    change_label(debugger, 2)
    states.append(everything(debugger))
    change_element(debugger, "before.bias", (4,), -0.5)
    assert debugger.frames[0].input[0, 1] == 1.0 and debugger.label == 2
    for state in reversed(states):
        undo(debugger)
        assert_same(everything(debugger), state)
    with pytest.raises(NnstepError, match="Nothing was changed"):
        undo(debugger)


def test_what_is_computed_cannot_be_changed(debugger: Debugger) -> None:
    debugger.cursor = 9
    for key in ("input_gradient", "gradients.weights", "after.weights", "output"):
        with pytest.raises(NnstepError, match="computed from others"):
            change_element(debugger, key, (0, 0), 1.0)
    with pytest.raises(NnstepError, match="finite"):
        change_element(debugger, "input", (0, 0), float("nan"))


def test_a_change_can_be_trained_on_saved_and_returned_to(debugger: Debugger, digits: Dataset, tmp_path: Path) -> None:
    debugger.cursor = 0
    change_element(debugger, "input", (0, 300), 1.0)
    change_label(debugger, 0)
    expected = everything(debugger)
    name, position = debugger.branch.name, debugger.position
    debugger.start_training()
    for _ in range(20):
        debugger.timeline.train(7)
    later = debugger.timeline.stack.snapshot()
    path = str(tmp_path / "changed.nnrun")
    save_run(path, debugger.timeline, {})
    timeline = open_run(read_run(path), new_stack(), digits.train, NumpyEngine())
    opened = Debugger(timeline)
    for ours, theirs in zip(timeline.stack.snapshot(), later, strict=True):
        for key in ours:
            np.testing.assert_array_equal(ours[key], theirs[key])
    opened.go_to(position, branch=name)
    assert opened.label == 0
    assert_same(everything(opened), expected)
    assert timeline.history(name).wrong[4] == (opened.says != 0)


def test_differences_since_a_sample_an_epoch_and_the_change(debugger: Debugger) -> None:
    timeline, count = debugger.timeline, debugger.timeline.count
    now = debugger.frames[0].before["weights"]
    timeline.go_to(debugger.branch, count - 1)
    then = timeline.frames()[0].before["weights"]
    timeline.go_to(debugger.branch, count)
    before, change = difference(debugger, "before.weights", "sample")
    np.testing.assert_array_equal(before, then)
    np.testing.assert_array_equal(change, now - then)
    with pytest.raises(NnstepError, match="first epoch"):
        reference_frame(debugger, "epoch")
    with pytest.raises(NnstepError, match="Nothing was changed"):
        reference_frame(debugger, "change")
    with pytest.raises(NnstepError, match="first step"):
        reference_frame(debugger, "step")
    debugger.cursor = 3
    with pytest.raises(NnstepError, match="no tensor of the same name and shape"):
        difference(debugger, "input", "step")
    debugger.cursor = 0
    change_element(debugger, "input", (0, 5), 0.25)
    assert difference(debugger, "input", "change")[1][0, 5] == 0.25
    undo(debugger)
    while timeline.count < len(debugger.samples) + 6:
        timeline.train(1000)
    debugger.go_to(Position(2, 3))
    then, _ = difference(debugger, "before.weights", "epoch")
    timeline.go_to(timeline.branch, 2)
    np.testing.assert_array_equal(then, timeline.stack.snapshot()[0]["weights"])


def test_another_initialisation_is_drawn_from_the_seed_on_a_branch(debugger: Debugger) -> None:
    debugger.restart()
    first = everything(debugger)
    apply_change(debugger, "init = he")
    assert debugger.branch.name == "init = he" and debugger.branch.parent is not None
    expected = build_network("784,8,tanh,10,tanh", init="he", seed=0)
    for ours, theirs in zip(debugger.stack.layers, expected.layers, strict=True):
        if theirs.parameters:
            np.testing.assert_array_equal(ours.weights, theirs.weights)
    debugger.next_sample()
    undo(debugger)
    assert_same(everything(debugger), first)
    with pytest.raises(NnstepError, match="unknown init 'best'"):
        apply_change(debugger, "init = best")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "WHAT = NUMBER"),
        ("label = 2.5", "whole number"),
        ("W = 3", "which element"),
        ("b[1] = x", "number"),
        ("9.W[1,2] = 3", "no layer 9"),
        ("a.W[1,2] = 3", "no layer a"),
        ("1.W[1,2] = 3", "no W"),
    ],
)
def test_a_change_that_cannot_be_understood_says_why(debugger: Debugger, text: str, said: str) -> None:
    with pytest.raises(NnstepError, match=said):
        apply_change(debugger, text)


def test_an_element_of_any_layer_is_changed_from_any_step(debugger: Debugger) -> None:
    debugger.cursor = 5
    apply_change(debugger, "2.W[7,3] = 0.5")
    assert debugger.branch.name == "W[7,3] of affine 3 = 0.5" and debugger.cursor == 5
    assert debugger.frames[2].before["weights"][7, 3] == 0.5
