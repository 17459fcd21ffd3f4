import threading

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.breakpoints import Breakpoints, parse_breakpoint
from nnstep.data import load_data
from nnstep.divergence import find_divergence, first_not_finite, where_text
from nnstep.engines.base import choose_engine
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.errors import NnstepError
from nnstep.lookout import Lookout
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline
from nnstep.training import Trainer

SAMPLES = load_data("samples", 60).train
USUAL = Settings(0.1)


def new_stack(layers: str = "784,8,tanh,10,tanh") -> Stack:
    network = build_network(layers, seed=2)
    return Stack(network.layers, network.loss)


def new_trainer(settings: Settings = USUAL, layers: str = "784,8,tanh,10,tanh") -> Trainer:
    stack = new_stack(layers)
    timeline = Timeline(stack, SAMPLES, choose_engine("numpy", stack), settings)
    return Trainer(stack, SAMPLES, timeline.engine, settings, timeline=timeline)


def trained(trainer: Trainer, *arguments: int) -> list[float]:
    return [loss for progress in trainer.run(*arguments) for loss in progress.losses.tolist()]


def test_one_sample_and_one_epoch_more_are_parts_of_the_same_run() -> None:
    parts, whole = new_trainer(), new_trainer()
    losses = trained(parts, 5, 1)
    assert len(losses) == 1 and (parts.epoch, parts.sample) == (1, 1)
    losses += trained(parts, 5, 7)
    assert len(losses) == 8
    losses += trained(parts, parts.epoch)
    assert len(losses) == 60 and (parts.epoch, parts.sample) == (2, 0)
    losses += trained(parts, parts.epoch)
    assert losses == trained(whole, 2)


def test_a_limit_takes_whole_batches() -> None:
    trainer = new_trainer(Settings(0.1, batch_size=8))
    assert len(trained(trainer, 5, 1)) == 8 and len(trained(trainer, 5, 20)) == 24


@pytest.mark.parametrize("recorded", [True, False])
def test_another_learning_rate_holds_from_the_next_samples_on(recorded: bool) -> None:
    trainer = new_trainer()
    if not recorded:
        trainer.timeline = None
    trained(trainer, 2, 25)
    trainer.change_rate(0.01)
    trained(trainer, 2)
    by_hand, engine, rows = new_stack(), NumpyEngine(), np.arange(60)
    engine.run(by_hand, SAMPLES, rows[:25], 0.1)
    engine.run(by_hand, SAMPLES, rows[25:], 0.01)
    engine.run(by_hand, SAMPLES, rows, 0.01)
    np.testing.assert_array_equal(trainer.stack.snapshot()[0]["weights"], by_hand.snapshot()[0]["weights"])
    assert trainer.settings.learning_rate == 0.01


def test_a_change_of_rate_is_a_branch_that_can_be_replayed() -> None:
    trainer = new_trainer()
    timeline = trainer.timeline
    assert timeline
    trained(trainer, 3, 25)
    trainer.change_rate(0.05)
    trainer.change_rate(0.02)
    trained(trainer, 3, 25)
    here = timeline.stack.snapshot()
    assert list(timeline.branches) == ["main", "η 0.02"] and timeline.branch.origin == 25
    timeline.go_to(timeline.branches["main"], 3)
    timeline.go_to(timeline.branches["η 0.02"], 50)
    np.testing.assert_array_equal(timeline.stack.snapshot()[0]["weights"], here[0]["weights"])


def test_a_rate_that_comes_back_before_anything_was_trained_leaves_no_branch() -> None:
    trainer = new_trainer()
    timeline = trainer.timeline
    assert timeline
    trained(trainer, 3, 25)
    trainer.change_rate(0.05)
    trainer.do_jobs()
    assert timeline.branch.name == "η 0.05"
    trainer.change_rate(0.1)
    trainer.do_jobs()
    assert list(timeline.branches) == ["main"] and timeline.at_head
    trained(trainer, 3, 5)
    for rate in (0.05, 0.1, 0.05):
        trainer.change_rate(rate)
        trained(trainer, 3, 5)
    assert list(timeline.branches) == ["main", "η 0.05", "η 0.1", "η 0.05 (2)"]
    with pytest.raises(NnstepError, match="learning rate"):
        trainer.change_rate(float("nan"))


def test_another_thread_changes_the_rate_while_it_trains() -> None:
    trainer = new_trainer()
    run = trainer.run(100_000)
    next(run)
    thread = threading.Thread(target=lambda: trainer.change_rate(0.02))
    thread.start()
    thread.join()
    next(run)
    assert trainer.timeline and trainer.timeline.branch.settings.learning_rate == 0.02


def test_nan_is_traced_to_the_update_that_made_the_weights_infinite() -> None:
    trainer = new_trainer(Settings(0.1), "784,8,identity,10,identity")
    timeline = trainer.timeline
    assert timeline
    trained(trainer, 1, 10)
    trainer.change_rate(1e200)
    with pytest.raises(NnstepError, match=r"became (NaN|infinite) at epoch 1, sample 1\d; (NaN|infinity) began in"):
        trained(trainer, 1)
    before = timeline.stack.snapshot(), timeline.count
    found = find_divergence(timeline)
    assert found and first_not_finite(timeline.frames_at(found.branch, found.count)) is not None
    came_in = [array for frame in timeline.frames_at(found.branch, found.count)[:4] for array in frame.before.values()]
    assert came_in and all(np.isfinite(array).all() for array in came_in)
    assert timeline.count == before[1]
    np.testing.assert_array_equal(timeline.stack.snapshot()[0]["weights"], before[0][0]["weights"])


def test_what_tanh_hides_is_found_in_the_sample_that_began_it() -> None:
    stack = new_stack()
    timeline = Timeline(stack, SAMPLES, NumpyEngine(), Settings(0.1))
    timeline.train(5)

    def spoil(stack: Stack) -> None:
        stack.layers[2].weights[0, 0] = np.inf  # type: ignore[attr-defined]

    timeline.fork("spoilt", change=spoil)
    for _ in range(100):
        if timeline.train(1).diverged:
            break
    else:
        pytest.fail("0 · ∞ on the way back makes the weights NaN")
    found = find_divergence(timeline)
    assert found and (found.branch.name, found.count, found.key) == ("spoilt", 5, "before.weights")
    assert where_text(found.frame, found.key) == "W as it came in of affine 3, step 3 of 10 (forward)"


def test_a_finite_run_has_no_divergence() -> None:
    trainer = new_trainer()
    trained(trainer, 1)
    assert trainer.timeline and find_divergence(trainer.timeline) is None
    assert first_not_finite(trainer.timeline.frames()) is None


@pytest.mark.parametrize("batch_size", [1, 4])
def test_without_a_timeline_the_step_of_the_sample_is_named(batch_size: int) -> None:
    trainer = new_trainer(Settings(1e9, batch_size=batch_size), "784,8,identity,10,identity")
    trainer.timeline = None
    with pytest.raises(NnstepError, match=r"; (NaN|infinity) began in .*, step \d"):
        trained(trainer, 5)


def test_a_breakpoint_at_the_sample_that_diverges_stops_there() -> None:
    settings = Settings(1e9)
    trainer = new_trainer(settings, "784,8,identity,10,identity")
    assert trainer.timeline
    breakpoints = Breakpoints([parse_breakpoint("nan", trainer.stack.names)])
    trainer.lookout = Lookout(trainer.timeline, breakpoints)
    trained(trainer, 5)
    assert trainer.lookout.hit is not None
