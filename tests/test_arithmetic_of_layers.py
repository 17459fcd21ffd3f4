"""The arithmetic of every number of the further layers, losses and optimizers: the terms add up to it."""

import math

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.arithmetic import Arithmetic, explain
from nnstep.arithmetic_text import as_lines, as_text
from nnstep.losses import LOSSES
from nnstep.optimizers import OPTIMIZERS
from nnstep.pooling import MaxPoolLayer
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.stepping import Frame, run_steps
from nnstep.tensors import tensor_of, tensors_of
from nnstep.terms import Place


def frames_of(layers: str, loss: str = "mse", rows: int = 1, updates: int = 1, **options: float) -> tuple:
    network = build_network(layers, loss, seed=1)
    stack, rng = Stack(network.layers, network.loss), np.random.default_rng(0)
    stack.use_rule(Settings(**options).rule)  # type: ignore[arg-type]
    inputs = math.prod(int(n) for n in layers.split(",")[0].split("x"))
    for _ in range(updates):
        X, y = rng.random((rows, inputs)), np.eye(3)[rng.integers(0, 3, rows)]
        frames = list(run_steps(stack, X, y, 0.1))
    return frames, stack.layers


def check_all(frames: list[Frame], layers: list, most: int = 12) -> set[str]:
    """Explains random numbers of all tensors; returns the tensors that were added up."""
    rng, added = np.random.default_rng(1), set()
    for frame in frames:
        for tensor in tensors_of(frame):
            for _ in range(most):
                index = tuple(int(rng.integers(0, n)) for n in np.shape(tensor.array))
                found = explain(frames, layers, Place(frame.step.index, tensor.key, index))
                if found.source:
                    assert tensor_of(frames[found.source.step], found.source.key)[found.source.index] == found.value
                elif found.note:
                    assert "no formula" not in found.note, (frame.step.name, tensor.key)
                else:
                    assert math.fsum(found.values) == pytest.approx(found.value, rel=1e-7, abs=1e-12), found.formula
                    check_terms(frames, found)
                    assert as_text(found).startswith(found.formula) and as_lines(found)[0] == found.formula
                    added.add(f"{frame.step.name.split()[0]}.{frame.step.phase}.{tensor.key}")
    return added


def check_terms(frames: list[Frame], found: Arithmetic) -> None:
    for term, value in zip(found.terms, found.values, strict=False):
        assert term.value == pytest.approx(value, rel=1e-9, abs=1e-300)
        for factor in term.factors:
            if factor.place and "′" not in factor.text:
                assert factor.place.step == found.place.step
                held = tensor_of(frames[factor.place.step], factor.place.key)
                assert held is not None
                if "√" in factor.text:
                    assert factor.place.key.endswith(("variance", "squares"))
                else:
                    assert held[factor.place.index] == factor.value


NETWORKS = [
    ("6x5,conv 2 3x2,relu,maxpool 2,flatten,3,softmax", "cross_entropy"),
    ("7x7,conv 2 3x3 stride 2 pad 1,elu,avgpool 3x2 stride 1,conv 2 2x2,flatten,3", "softmax_cross_entropy"),
    ("5x5,maxpool 3 stride 1,conv 3 2x2 pad 1,batchnorm,gelu,flatten,3", "mse"),
    ("6,4,leaky_relu,dropout 0.4,3,softmax", "cross_entropy"),
]


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("layers", "loss"), NETWORKS)
def test_the_terms_of_every_number_add_up_to_it(layers: str, loss: str, rows: int) -> None:
    added = check_all(*frames_of(layers, loss, rows), most=24)
    for part in layers.split(",")[1:]:
        name = part.split()[0]
        if not name.isdigit():
            assert f"{name}.forward.output" in added and f"{name}.backward.input_gradient" in added
    assert f"{LOSSES[loss].name.split()[0]}.loss.output" in added


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1, "clip_norm": 0.02}], ids=["bare", "decay and clip"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_terms_of_every_update_add_up_to_it(optimizer: str, options: dict[str, float]) -> None:
    added = check_all(*frames_of("4,3,tanh,3", updates=3, optimizer=optimizer, **options))  # type: ignore[arg-type]
    assert {"affine.backward.update.weights", "affine.backward.after.bias"} <= added
    if optimizer != "sgd":
        assert any(key.startswith("affine.backward.state_after.weights.") for key in added)


def test_a_convolution_is_written_as_a_person_would() -> None:
    network = build_network("3x3,conv 1 2x2,flatten,4")
    stack = Stack(network.layers, network.loss)
    stack.layers[0].weights[...] = np.array([[1, 2], [3, 4]]).reshape(2, 2, 1, 1)
    stack.layers[0].bias[...] = 0.5
    frames = list(run_steps(stack, np.arange(9.0).reshape(1, 9), np.zeros((1, 4)), 0.1))
    # the window at row 1, column 1: 4·1 + 5·2 + 7·3 + 8·4 + 0.5
    found = explain(frames, stack.layers, Place(0, "output", (0, 1, 1, 0)))
    assert as_text(found, 5) == (
        "Y[1,1,0] = Σ X[y,x,c]·W[i,j,c,0] + b[0], y = 1 + i, x = 1 + j = 8·4 + 7·3 + 5·2 + 4·1 + 0.5 = 67.50"
    )
    assert [factor.text for factor in found.terms[0].factors] == ["X[8]", "W[1,1,0,0]"]


def test_the_largest_of_a_window_is_named_and_takes_the_gradient() -> None:
    network = build_network("4x4,maxpool 2,flatten,3")
    stack = Stack(network.layers, network.loss)
    frames = list(run_steps(stack, np.arange(16.0).reshape(1, 16), np.eye(3)[:1], 0.1))
    assert isinstance(stack.layers[0], MaxPoolLayer)
    assert as_text(explain(frames, stack.layers, Place(0, "output", (0, 1, 0, 0)))) == (
        "Y[1,0,0] = the largest of 4 X = 13 = 13.00"
    )
    nothing = explain(frames, stack.layers, Place(frames[-1].step.index, "input_gradient", (0, 0)))
    assert nothing.value == 0 and not nothing.terms
    assert as_text(nothing) == (
        "dE/dX[0] = Σ dE/dY[y,x,0] of windows where this X is the largest = 0 (Nothing adds to it)"
    )
    taken = explain(frames, stack.layers, Place(frames[-1].step.index, "input_gradient", (0, 5)))
    assert [factor.text for factor in taken.terms[0].factors] == ["dE/dY[0,0,0]"]


def test_training_and_evaluation_stand_side_by_side() -> None:
    frames, layers = frames_of("6,4,dropout 0.5,3,batchnorm,softmax", "cross_entropy", rows=4)
    dropout, normal = frames[1], frames[3]
    assert np.array_equal(dropout.details["evaluation"], dropout.input)
    np.testing.assert_array_equal(dropout.output, dropout.input * dropout.details["mask"] * 2)
    assert not np.allclose(normal.output, normal.details["evaluation"])
    keys = {tensor.key: tensor.symbol for tensor in tensors_of(normal)}
    assert keys["details.evaluation"] == "Y in evaluation" and keys["state_after.running_mean"] == "running mean after"


def test_a_parameter_after_adam_is_one_minus_the_step_and_its_squares_can_be_followed() -> None:
    frames, layers = frames_of("4,3,tanh,3", updates=3, optimizer="adam")  # type: ignore[arg-type]
    last = frames[-1].step.index
    after = explain(frames, layers, Place(last, "after.weights", (1, 2)))
    assert after.formula == "W[1,2] after = W[1,2] − η·m̂/(√v̂ + 1e−8)"
    (step,) = explain(frames, layers, Place(last, "update.weights", (1, 2))).terms
    places = {factor.text: factor.place for factor in step.factors}
    assert places["1/(√v̂ + 1e−8)"] == Place(last, "state_after.weights.squares", (1, 2))
    assert places["mean of W after[1,2]"] == Place(last, "state_after.weights.mean", (1, 2))


def test_batch_normalisation_can_be_followed_to_its_variance() -> None:
    frames, layers = frames_of("4,3,batchnorm,3", rows=4)
    found = explain(frames, layers, Place(1, "details.normalised", (2, 1)))
    places = {factor.text: factor.place for factor in found.terms[0].factors}
    assert places["1/√(variance + 1e−5)"] == Place(1, "details.variance", (1,))
    evaluated = explain(frames, layers, Place(1, "details.evaluation", (2, 1)))
    seen = [factor.place for term in evaluated.terms for factor in term.factors if "√" in factor.text]
    assert set(seen) == {Place(1, "state_after.running_variance", (1,))}


def test_the_slope_of_leaky_relu_is_written_as_a_number() -> None:
    frames, layers = frames_of("4,3,leaky_relu,3")
    back = next(frame for frame in frames if frame.step.phase == "backward" and frame.step.layer == 1)
    index = tuple(int(i) for i in np.argwhere(back.input < 0)[0])
    (term,) = explain(frames, layers, Place(back.step.index, "input_gradient", index)).terms
    assert term.text.endswith("·0.01")
