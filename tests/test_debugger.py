import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.curve import Curve
from nnstep.debugger import Debugger
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.errors import NnstepError
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.training import Trainer


@pytest.fixture
def debugger(digits: Dataset) -> Debugger:
    network = build_network()
    return Debugger(Stack(network.layers, network.loss), digits.train, Settings(0.1))


def weights_of(debugger: Debugger) -> np.ndarray:
    return debugger.visit.parameters[0]["weights"]


def test_stepping_forward_and_back_shows_the_same_frames(debugger: Debugger) -> None:
    seen = []
    for _ in range(40):
        seen.append((debugger.visit.sample, debugger.cursor, debugger.frame.output.copy()))
        debugger.step()
    for sample, cursor, output in reversed(seen):
        assert debugger.step_back()
        assert (debugger.visit.sample, debugger.cursor) == (sample, cursor)
        assert np.array_equal(debugger.frame.output, output)
    assert not debugger.step_back()


def test_finish_and_start_go_to_the_ends_of_the_pass(debugger: Debugger) -> None:
    cursors = []
    for move in (debugger.finish_pass, debugger.finish_pass, debugger.start_of_pass, debugger.start_of_pass):
        move()
        cursors.append(debugger.cursor)
    # 6 layers: the last forward step is 5, the last of all 13, the loss 6
    assert cursors == [5, 13, 6, 0]


def test_stepping_by_hand_learns_what_the_engine_learns(debugger: Debugger, digits: Dataset) -> None:
    network = build_network()
    stack = Stack(network.layers, network.loss)
    NumpyEngine().run(stack, digits.train, np.arange(5), 0.1)
    for _ in range(5):
        debugger.next_sample()
    np.testing.assert_allclose(weights_of(debugger), stack.snapshot()[0]["weights"], atol=1e-12)


def test_a_digit_by_its_number_keeps_the_weights_of_now(debugger: Debugger) -> None:
    debugger.next_sample()
    before = weights_of(debugger)
    debugger.go_to_digit(123)
    assert (debugger.digit, debugger.visit.sample) == (123, 124)
    assert np.array_equal(weights_of(debugger), before)
    debugger.previous_sample()
    assert debugger.digit == 1
    with pytest.raises(NnstepError, match="from 0 to 299"):
        debugger.go_to_digit(300)


def test_after_the_last_sample_the_next_epoch_begins(debugger: Debugger) -> None:
    debugger.go_to_digit(299)
    debugger.next_sample()
    assert (debugger.visit.epoch, debugger.visit.sample) == (2, 1)


def test_training_goes_on_from_where_the_debugger_stands_and_back(debugger: Debugger) -> None:
    debugger.next_sample()
    epoch, done = debugger.start_training()
    assert (epoch, done) == (1, 1)
    trainer = Trainer(debugger.stack, debugger.samples, NumpyEngine(), Settings(0.1), epoch, done)
    assert [p.epoch for p in trainer.run(2) if p.epoch_ended] == [1, 2]
    debugger.after_training(trainer.epoch, trainer.sample)
    assert (debugger.visit.epoch, debugger.visit.sample) == (3, 1)
    debugger.previous_sample()
    assert (debugger.visit.epoch, debugger.visit.sample) == (1, 2)


def test_a_trainer_that_is_stopped_goes_on_as_if_it_had_not(digits: Dataset) -> None:
    def trainer() -> Trainer:
        network = build_network()
        return Trainer(Stack(network.layers, network.loss), digits.train, NumpyEngine(), Settings(0.1, 4, True, 3))

    straight, stopped = trainer(), trainer()
    expected = [p.error for p in straight.run(2) if p.epoch_ended]
    next(stopped.run(2))
    errors = [p.error for p in stopped.run(2) if p.epoch_ended]
    assert errors == pytest.approx(expected, rel=1e-12)


def test_diverging_says_where_and_keeps_the_weights_before(digits: Dataset) -> None:
    network = build_network("784,10,identity")
    stack = Stack(network.layers, network.loss)
    trainer = Trainer(stack, digits.train, NumpyEngine(), Settings(1e9))
    with pytest.raises(NnstepError, match=r"diverged.*epoch 1, sample \d+. Try a smaller"):
        list(trainer.run(1))
    with pytest.raises(NnstepError, match="finite"):
        Settings(float("nan"))


def test_a_curve_keeps_its_means_while_it_gets_coarser() -> None:
    curve = Curve()
    curve.add(np.arange(20_000.0))
    x, y = curve.points()
    assert len(x) <= 512 and x[-1] == 20_000
    # the mean of all is 9999.5, and a stretch of 64 starting at 0 has the mean 31.5
    assert y[0] == (x[0] - 1) / 2
    widths = np.diff([0, *x])
    assert np.average(y, weights=widths) == pytest.approx(9999.5)
