import threading

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.branches import Position, with_rate
from nnstep.data import load_data
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.run_curves import RunCurves
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline

SAMPLES = load_data("samples", 100).train


@pytest.fixture
def timeline() -> Timeline:
    network = build_network("784,5,tanh,10,tanh")
    timeline = Timeline(Stack(network.layers, network.loss), SAMPLES, NumpyEngine(), Settings(0.1))
    for _ in range(5):
        timeline.train(100)
    return timeline


def test_a_branch_has_the_curve_of_its_whole_way(timeline: Timeline) -> None:
    curves = RunCurves(timeline.branches, 100)
    assert curves.extent("main") == (0, 500)
    timeline.visit(Position(2, 31))
    timeline.fork("slow", with_rate(timeline.branch.settings, 0.01))
    for _ in range(3):
        timeline.train(60)
    losses = timeline.history("slow").losses
    window = curves.window("slow", 100, 160, 60, smooth=20)
    # counts 130 on are the branch's own; the moving mean goes on over the place where it left
    np.testing.assert_allclose(window.mean, [losses[i - 19 : i + 1].mean() for i in range(100, 160)])
    np.testing.assert_array_equal(window.x, np.arange(100, 160) + 0.5)
    assert curves.extent("slow") == (0, timeline.branch.head)
    assert curves.epoch_means("slow") == timeline.history("slow").epoch_errors()
    assert curves.epoch_means("main") == timeline.history("main").epoch_errors()


def test_samples_that_were_left_out_are_a_gap(timeline: Timeline) -> None:
    timeline.fork("jump", start=560)
    timeline.train(40)
    window = RunCurves(timeline.branches, 100).window("jump", 400, 600, 200)
    np.testing.assert_array_equal(window.x, np.r_[400:500, 560:600] + 0.5)
    assert not len(RunCurves(timeline.branches, 100).window("jump", 700, 800, 10).x)


def test_the_curve_follows_what_is_trained_and_what_is_cut(timeline: Timeline) -> None:
    curves = RunCurves(timeline.branches, 100)
    before = curves.window("main", 0, 1000, 1000)
    assert len(before.x) == 500 and len(curves.epoch_means("main")) == 5
    timeline.cut(450)
    assert len(curves.window("main", 0, 1000, 1000).x) == 450
    timeline.train(50)
    timeline.train(50)
    after = curves.window("main", 0, 1000, 1000)
    assert len(after.x) == 550
    np.testing.assert_array_equal(after.mean[:500], before.mean)
    assert curves.epoch_means("main") == timeline.history().epoch_errors()


def test_it_can_be_drawn_while_another_thread_trains(timeline: Timeline) -> None:
    curves, stop = RunCurves(timeline.branches, 100), threading.Event()

    def train() -> None:
        while not stop.is_set():
            timeline.train(7)

    thread = threading.Thread(target=train)
    thread.start()
    for _ in range(200):
        curves.window("main", 0, 100_000, 300, smooth=50)
        curves.epoch_means("main")
    stop.set()
    thread.join()
    end = curves.extent("main")[1]
    drawn = curves.window("main", 0, end, end)
    np.testing.assert_array_equal(drawn.mean, timeline.branch.log.losses)
