import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.branches import Position, with_rate
from nnstep.data import load_data
from nnstep.digit_history import first_right, right_since, times_trained
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.history import Log
from nnstep.network import epoch_order
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline

SAMPLES = load_data("samples", 30).train


def new_timeline(shuffle: bool = False) -> Timeline:
    network = build_network("784,5,tanh,10,tanh")
    stack = Stack(network.layers, network.loss)
    timeline = Timeline(stack, SAMPLES, NumpyEngine(), Settings(0.1, shuffle=shuffle, seed=3))
    for _ in range(4):
        timeline.train(30)
    return timeline


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_digit_was_trained_once_an_epoch_also_across_a_branch(shuffle: bool) -> None:
    timeline = new_timeline(shuffle)
    timeline.visit(Position(3, 11))
    timeline.fork("slow", with_rate(timeline.branch.settings, 0.01))
    timeline.train(20)
    timeline.train(30)
    rows = np.concatenate([epoch_order(30, epoch, shuffle, 3) for epoch in range(1, 5)])
    for row in (0, 9, 10, 11, 29):
        np.testing.assert_array_equal(times_trained(timeline, row), np.flatnonzero(rows == row))


def test_samples_left_out_count_for_no_digit() -> None:
    timeline = new_timeline()
    timeline.fork("jump", start=4 * 30 + 20)
    timeline.train(10)
    # 120 samples, then digits 20 to 29: digit 22 as number 122, digit 5 not again
    assert times_trained(timeline, 22).tolist() == [22, 52, 82, 112, 122]
    assert times_trained(timeline, 5).tolist() == [5, 35, 65, 95]


def test_first_right_and_right_since_are_what_the_log_says() -> None:
    timeline = new_timeline()
    labels = np.tile(SAMPLES.labels, 4)
    wrong = np.zeros(120, bool)
    wrong[[7, 37, 97]] = True  # digit 7: wrong, wrong, right, wrong
    wrong[[8, 38]] = True  # digit 8: wrong, wrong, right, right
    wrong[[9, 39, 69, 99]] = True  # digit 9: never right
    timeline.branch.log = Log(timeline.branch.log.losses, np.where(wrong, (labels + 1) % 10, labels))
    assert [first_right(timeline, row) for row in (6, 7, 8, 9)] == [6, 67, 68, None]
    assert [right_since(timeline, row) for row in (6, 7, 8, 9)] == [6, None, 68, None]
