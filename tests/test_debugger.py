import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.branches import Position
from nnstep.curve import Curve
from nnstep.debugger import Debugger
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.errors import NnstepError
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline
from nnstep.training import Trainer


@pytest.fixture
def debugger(digits: Dataset) -> Debugger:
    network = build_network()
    return Debugger(Timeline(Stack(network.layers, network.loss), digits.train, NumpyEngine(), Settings(0.1)))


def weights_of(debugger: Debugger) -> np.ndarray:
    return debugger.frames[0].before["weights"]


def where(debugger: Debugger) -> tuple[str, str, int]:
    return debugger.branch.name, str(debugger.position), debugger.cursor


def test_stepping_forward_and_back_shows_the_same_frames(debugger: Debugger) -> None:
    seen = []
    for _ in range(40):
        seen.append((where(debugger), debugger.frame.output.copy()))
        debugger.step()
    for place, output in reversed(seen):
        debugger.step_back()
        assert where(debugger) == place
        assert np.array_equal(debugger.frame.output, output)
    with pytest.raises(NnstepError, match="nothing before it"):
        debugger.step_back()
    for place, output in seen:
        assert where(debugger) == place and np.array_equal(debugger.frame.output, output)
        debugger.step()


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
    assert (debugger.digit, str(debugger.position), debugger.branch.name) == (123, "1.124", "digit 123")
    assert np.array_equal(weights_of(debugger), before)
    debugger.previous_sample()
    assert debugger.digit == 1 and list(debugger.timeline.branches) == ["main"]
    with pytest.raises(NnstepError, match="from 0 to 299"):
        debugger.go_to_digit(300)


def test_a_digit_after_the_last_step_has_the_weights_after_it_and_leads_back(debugger: Debugger) -> None:
    debugger.finish_pass()
    debugger.finish_pass()
    after = debugger.parameters_after[0]["weights"]
    debugger.go_to_digit(50)
    assert np.array_equal(weights_of(debugger), after)
    debugger.step_back()
    assert where(debugger) == ("main", "1.1", 13)


def test_hundreds_of_picked_digits_cost_no_checkpoints(debugger: Debugger) -> None:
    for digit in range(200, 0, -1):
        debugger.go_to_digit(digit)
        debugger.next_sample()
    assert len(debugger.timeline.branches) > 150
    assert debugger.timeline.checkpoints_bytes <= 4 * debugger.timeline.checkpoint_bytes
    expected, name = weights_of(debugger), debugger.branch.name
    debugger.restart()
    debugger.timeline.go_to(debugger.timeline.branches[name], debugger.timeline.branches[name].head)
    debugger.enter()
    assert np.array_equal(weights_of(debugger), expected)


def test_a_digit_that_was_only_looked_at_leaves_no_branch(debugger: Debugger) -> None:
    for digit in (5, 77, 12):
        debugger.go_to_digit(digit)
    assert list(debugger.timeline.branches) == ["main", "digit 12"]


def test_after_the_last_sample_the_next_epoch_begins(debugger: Debugger) -> None:
    debugger.go_to_digit(299)
    debugger.next_sample()
    assert str(debugger.position) == "2.1"


def test_training_goes_on_from_where_the_debugger_stands_and_back(debugger: Debugger) -> None:
    debugger.next_sample()
    debugger.start_training()
    timeline = debugger.timeline
    trainer = Trainer(debugger.stack, debugger.samples, NumpyEngine(), Settings(0.1), 1, 1, timeline)
    assert [p.epoch for p in trainer.run(2) if p.epoch_ended] == [1, 2]
    debugger.enter()
    assert where(debugger) == ("main", "3.1", 0)
    debugger.previous_sample()
    assert str(debugger.position) == "2.300"
    debugger.go_to(Position(1, 2), 9)
    assert where(debugger) == ("main", "1.2", 8)


def test_run_to_layer_goes_on_to_the_next_time_that_it_runs(debugger: Debugger) -> None:
    # layer 3 (from 1) runs forward in step 3 and backward in step 12 of 14
    cursors = []
    for _ in range(3):
        debugger.run_to_layer(2)
        cursors.append((str(debugger.position), debugger.cursor + 1))
    assert cursors == [("1.1", 3), ("1.1", 12), ("1.2", 3)]
    with pytest.raises(NnstepError, match="from 1 to 6, received 7"):
        debugger.run_to_layer(6)


def test_restart_has_the_initial_weights_and_keeps_the_future(debugger: Debugger) -> None:
    initial = weights_of(debugger)
    for _ in range(5):
        debugger.next_sample()
    later = weights_of(debugger)
    debugger.restart()
    assert str(debugger.position) == "1.1" and np.array_equal(weights_of(debugger), initial)
    debugger.go_to(Position(1, 6))
    assert np.array_equal(weights_of(debugger), later)


def test_nothing_is_learned_after_a_loss_that_is_not_finite(digits: Dataset) -> None:
    network = build_network("784,10,identity")
    stack = Stack(network.layers, network.loss)
    debugger = Debugger(Timeline(stack, digits.train, NumpyEngine(), Settings(1e200)))
    for _ in range(2):
        with np.errstate(all="ignore"), pytest.raises(NnstepError, match="NaN or infinite"):
            for _ in range(9):
                debugger.next_sample()
        assert not np.isfinite(debugger.loss)
    at = str(debugger.position)
    debugger.previous_sample()
    debugger.next_sample()
    assert str(debugger.position) == at


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
    with pytest.raises(NnstepError, match=r"diverged.*epoch 1, sample \d+; infinity began in E.*\. Try a smaller"):
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
