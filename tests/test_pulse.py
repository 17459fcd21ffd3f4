import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.branches import Position, with_rate
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.layers import ActivationLayer
from nnstep.losses import as_loss
from nnstep.network import Network
from nnstep.pulse import FIRST, MOST, Pulse, pulse_along, pulse_of
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.stepping import run_steps
from nnstep.timeline import Timeline


@pytest.fixture
def timeline(digits: Dataset) -> Timeline:
    network = build_network("784,6,relu,10,tanh")
    return Timeline(Stack(network.layers, network.loss), digits.train, NumpyEngine(), Settings(0.1))


def test_a_pulse_is_what_one_works_out_by_hand(small_network: Network) -> None:
    # X = (1, −1): Z = (1 − 3 + 0.5, 2 − 4 − 0.5) = (−1.5, −2.5): both relu outputs are 0, and no gradient comes back.
    stack = Stack(small_network.layers, as_loss("mse"))
    dead = pulse_of(tuple(run_steps(stack, np.array([[1.0, -1.0]]), np.array([[0.0, 1.0]]), 0.5)))
    np.testing.assert_array_equal(dead, [[0, 0, np.nan, np.nan], [np.nan, np.nan, np.nan, 1]])
    # X = (1, 0): Y = (1.5, 1.5), dE/dY = (1.5, 1.5) − (0.5, 1.5) = (1, 0) by 2 / n = 1; dE/dW = ((1, 0), (0, 0)),
    # ΔW = −0.5 of it; ‖W‖² = 1 + 4 + 9 + 16 = 30.
    alive = pulse_of(tuple(run_steps(stack, np.array([[1.0, 0.0]]), np.array([[0.5, 1.5]]), 0.5)))
    np.testing.assert_allclose(alive, [[0.5 / 30**0.5, 0.25, np.nan, np.nan], [np.nan, np.nan, np.nan, 0]])


def test_saturation_is_of_activations_and_what_is_infinite_is_missing() -> None:
    stack = Stack([ActivationLayer("tanh"), ActivationLayer("identity")], as_loss("mse"))
    found = pulse_of(tuple(run_steps(stack, np.array([[9.0, 0.1, np.inf, -9.0]]), np.zeros((1, 4)), 0.1)))
    np.testing.assert_array_equal(found[:, 2], [0.75, np.nan])
    assert np.isnan(found[:, [0, 1, 3]]).all()


@pytest.mark.parametrize("shuffle", [False, True])
def test_behind_batch_normalisation_a_whole_update_is_measured(shuffle: bool, digits: Dataset) -> None:
    network = build_network("784,6,batchnorm,relu,10")
    stack = Stack(network.layers, network.loss)
    timeline = Timeline(stack, digits.train, NumpyEngine(), Settings(0.1, 8, shuffle))
    timeline.train(16)
    before, pulse = stack.snapshot(), Pulse()
    weights = before[0]["weights"]
    assert pulse.measure(timeline)
    for ours, theirs in zip(stack.snapshot(), before, strict=True):
        for name in theirs:
            np.testing.assert_array_equal(ours[name], theirs[name])
    timeline.train(8)  # measured is what this update is: for one sample alone it is zero
    ratio = np.linalg.norm(stack.layers[0].weights - weights) / np.linalg.norm(weights)
    assert ratio > 0
    assert pulse.curve(0, "update_ratio")[0] == pytest.approx(ratio, rel=1e-9)


def test_measuring_changes_nothing_and_waits_its_time(timeline: Timeline) -> None:
    timeline.train(20)
    before, pulse = timeline.stack.snapshot(), Pulse(seconds=1000)
    assert pulse.measure(timeline) and not pulse.measure(timeline)
    assert timeline.count == 20 and pulse.counts.tolist() == [20] and pulse.values.shape == (1, 4, 4)
    np.testing.assert_array_equal(timeline.stack.snapshot()[0]["weights"], before[0]["weights"])
    assert 0 < pulse.curve(0, "update_ratio")[0] < 1 and np.isnan(pulse.curve(0, "dead")[0])


def test_the_first_measurements_come_every_eighth_of_an_epoch(timeline: Timeline) -> None:
    pulse, n = Pulse(seconds=1000), len(timeline.samples)
    for _ in range(n):
        timeline.train(1)
        pulse.measure(timeline)
    assert 6 <= len(pulse) <= 8 and np.diff(pulse.counts).min() >= n / 8
    for count in range(FIRST):
        pulse.add(n + count, np.zeros((4, 4)))
    timeline.train(n // 2)
    assert not pulse.measure(timeline)


def test_many_measurements_are_thinned_evenly() -> None:
    pulse = Pulse()
    for count in range(10 * MOST):
        if not len(pulse) or count >= pulse.counts[-1] + pulse._spacing:
            pulse.add(count, np.full((1, 4), float(count)))
    assert MOST // 2 <= len(pulse) <= MOST and pulse.counts[0] == 0
    np.testing.assert_array_equal(pulse.curve(0, "gradient"), pulse.counts)
    distances = np.diff(pulse.counts)
    assert distances.max() <= 3 * distances.min()


def test_along_a_branch_it_has_what_was_measured_before_it_left(timeline: Timeline) -> None:
    for _ in range(4):
        timeline.train(10)
        timeline.branch.pulse.add(timeline.count, pulse_of(timeline.frames()))
    timeline.visit(Position(1, 26))
    timeline.fork("slow", with_rate(timeline.branch.settings, 0.01))
    timeline.train(10)
    timeline.branch.pulse.add(timeline.count, pulse_of(timeline.frames()))
    assert pulse_along(timeline.branch).counts.tolist() == [10, 20, 35]
    assert pulse_along(timeline.branches["main"]).counts.tolist() == [10, 20, 30, 40]
    timeline.cut(30)
    assert pulse_along(timeline.branch).counts.tolist() == [10, 20]
