"""A watched run is the run without anybody watching, with scores and pulse."""

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.debugger import Debugger
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.flight import Flight, trainer_for
from nnstep.network import evaluate
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline


def new_timeline(digits: Dataset) -> Timeline:
    network = build_network("784,8,tanh,10,tanh", seed=3)
    return Timeline(Stack(network.layers, network.loss), digits.train, NumpyEngine(), Settings(0.1))


@pytest.fixture
def timeline(digits: Dataset) -> Timeline:
    return new_timeline(digits)


def test_watching_changes_no_bit_of_the_run(timeline: Timeline, digits: Dataset) -> None:
    flight = Flight(trainer_for(Debugger(timeline)), digits.test)
    for _ in flight.run(2):
        pass
    flight.close()
    alone = new_timeline(digits)
    while alone.position.epoch < 3:
        alone.train(7)
    np.testing.assert_array_equal(timeline.branch.log.losses, alone.branch.log.losses)
    for ours, theirs in zip(timeline.stack.snapshot(), alone.stack.snapshot(), strict=True):
        for name in theirs:
            np.testing.assert_array_equal(ours[name], theirs[name])
    assert len(timeline.branch.pulse) > 0


def test_each_epoch_is_scored_as_evaluate_does_it(timeline: Timeline, digits: Dataset) -> None:
    flight = Flight(trainer_for(Debugger(timeline)), digits.test)
    expected = {}
    for progress in flight.run(2):
        if progress.epoch_ended:
            flight.wait()
            outputs = digits.test.inputs(slice(None), np.dtype(np.float64))
            for layer in timeline.stack.layers:
                outputs = layer.forward_propagation(outputs)
            expected[timeline.count] = evaluate(outputs, digits.test.targets(slice(None)), timeline.stack.loss)
    flight.close()
    assert list(timeline.branch.scores) == list(expected) == [len(digits.train), 2 * len(digits.train)]
    for count, score in timeline.branch.scores.items():
        assert (score.correct, score.strict_correct) == (expected[count].correct, expected[count].strict_correct)
        assert score.loss == pytest.approx(expected[count].loss, rel=1e-12)
    assert flight.answers is not None
    assert len(flight.answers.mistakes()) == len(digits.test) - score.correct


def test_orders_are_carried_out_between_samples(timeline: Timeline, digits: Dataset) -> None:
    flight = Flight(trainer_for(Debugger(timeline)), digits.test)
    for _ in flight.run(1, limit=5):
        pass
    assert timeline.count == 5
    flight.trainer.change_rate(0.01)
    for _ in flight.run(1, limit=1):
        pass
    flight.close()
    assert timeline.branch.settings.learning_rate == 0.01 and timeline.branch.start == 5
    assert timeline.count == 6 and timeline.branches["main"].head == 5
