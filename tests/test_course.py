"""Schedules, augmentation, and the replay of runs whose layers and optimizers keep state."""

from pathlib import Path

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.augmentation import Augmentation, parse_augmentation
from nnstep.branches import Position
from nnstep.debugger import Debugger
from nnstep.engines.base import choose_engine
from nnstep.errors import NnstepError
from nnstep.runs import open_run, read_run, save_run
from nnstep.samples import Dataset, Samples
from nnstep.schedules import parse_schedule
from nnstep.settings import Settings
from nnstep.stack import Parameters, Stack
from nnstep.timeline import Timeline
from nnstep.training import Trainer

LAYERS = "28x28,conv 3 5x5 stride 2,batchnorm,relu,maxpool 2,flatten,12,gelu,dropout 0.3,10,softmax"
WHOLE = Settings(0.01, 4, True, 3, "adam", 0.001, 1.0, "warmup:1.5+cosine:4", "shift:1,rotate:8")


def timeline_of(digits: Dataset, settings: Settings, layers: str = LAYERS, engine: str = "numpy") -> Timeline:
    network = build_network(layers, "cross_entropy", seed=1)
    stack = Stack(network.layers, network.loss)
    return Timeline(stack, digits.train.first(41), choose_engine(engine, stack), settings)


def same(a: Parameters, b: Parameters) -> bool:
    return len(a) == len(b) and all(np.array_equal(x[k], y[k]) for x, y in zip(a, b, strict=True) for k in {**x, **y})


@pytest.mark.parametrize("schedule", ["step:2:0.5", "exponential:0.9", "cosine:5"])
def test_schedules_agree_with_torchs(schedule: str) -> None:
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1)], 0.1)
    kinds = torch.optim.lr_scheduler
    theirs = {
        "step:2:0.5": lambda: kinds.StepLR(optimizer, 2, 0.5),
        "exponential:0.9": lambda: kinds.ExponentialLR(optimizer, 0.9),
        "cosine:5": lambda: kinds.CosineAnnealingLR(optimizer, 5),
    }[schedule]()
    settings = Settings(0.1, schedule=schedule)
    for epoch in range(5):
        for sample in (0, 59):
            assert settings.rate_at(epoch * 60 + sample, 60) == pytest.approx(theirs.get_last_lr()[0], rel=1e-12)
        optimizer.step()
        theirs.step()


def test_warm_up_rises_with_each_update_and_joins_another_schedule() -> None:
    settings = Settings(0.8, schedule="warmup:2+exponential:0.5")
    # of 2 · 10 samples: 1/20 · 0.8, 10/20 · 0.8, then 11/20 · 0.8 · 0.5, and 0.8 · 0.5² after warm-up
    assert [settings.rate_at(count, 10) for count in (0, 9, 10, 25)] == pytest.approx([0.04, 0.4, 0.22, 0.2])


@pytest.mark.parametrize("text", ["linear:3", "step", "step:0.5", "cosine:x", "cosine:-1", "warmup:1+", "step:1:2:3"])
def test_a_schedule_that_cannot_be_understood_is_named(text: str) -> None:
    with pytest.raises(NnstepError, match="schedule '.*Possible: constant, step:EPOCHS:FACTOR"):
        parse_schedule(text)


def test_shifting_moves_whole_pixels_and_fills_with_zeros() -> None:
    pixels = np.arange(1, 13, dtype=np.uint8).reshape(1, 12).repeat(400, axis=0)
    samples = Samples(pixels, np.zeros(400, np.uint8), (3, 4))
    moved = Augmentation(shift=1).applied(samples, np.arange(400), 0, 1).pixels.reshape(400, 3, 4)
    padded = np.pad(np.arange(1, 13).reshape(3, 4), 1)
    possible = {padded[y : y + 3, x : x + 4].tobytes(): 0 for y in range(3) for x in range(3)}
    for picture in moved:
        possible[picture.astype(np.int64).tobytes()] += 1
    assert len(possible) == 9 and min(possible.values()) > 20


def test_rotating_by_a_quarter_turns_against_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8)
    samples = Samples(picture.reshape(1, 9), np.zeros(1, np.uint8), (3, 3))
    quarter = (np.zeros((1, 2), np.int64), np.array([np.pi / 2]))
    monkeypatch.setattr("nnstep.augmentation._moves", lambda *_: quarter)
    moved = Augmentation(rotate=90).applied(samples, np.arange(1), 0, 1)
    assert moved.pixels.reshape(3, 3).tolist() == [[3, 6, 9], [2, 5, 8], [1, 4, 7]]


def test_moves_depend_on_seed_epoch_and_sample_alone(digits: Dataset) -> None:
    augmentation, rows = Augmentation(2, 10), np.array([5, 0, 7])
    first = augmentation.applied(digits.train, rows, 1, 1)
    again = augmentation.applied(digits.train, rows[::-1].copy(), 1, 1)
    np.testing.assert_array_equal(first.pixels, again.pixels[::-1])
    assert first.labels.tolist() == digits.train.labels[rows].tolist() and first.pixels.dtype == np.uint8
    assert not np.array_equal(first.pixels, augmentation.applied(digits.train, rows, 1, 2).pixels)
    assert not np.array_equal(first.pixels, augmentation.applied(digits.train, rows, 2, 1).pixels)
    # about as much ink as before
    assert int(first.pixels.sum()) == pytest.approx(int(digits.train.pixels[rows].sum()), rel=0.05)


@pytest.mark.parametrize("text", ["shift", "shift:1.5", "turn:3", "shift:-1", "rotate:inf", "rotate:nan"])
def test_an_augmentation_that_cannot_be_understood_is_named(text: str) -> None:
    with pytest.raises(NnstepError, match=f"received '{text}'.*shift:2"):
        parse_augmentation(text)


@pytest.mark.parametrize("engine", ["numpy", "auto"])
def test_every_position_comes_back_bit_for_bit(engine: str, digits: Dataset) -> None:
    timeline = timeline_of(digits, WHOLE, engine=engine)
    seen = {}
    while timeline.count < 2 * 41:
        seen[timeline.count] = timeline.stack.snapshot()
        timeline.train(8)
    end = timeline.stack.snapshot()
    timeline.branch.checkpoints = {0: timeline.branch.checkpoints[0]}
    for count in (44 - 3, 16, 57, 0, 73):
        assert same(timeline.visit(timeline.position_of(count)), seen[count]), count
    timeline.go_to_head()
    assert same(timeline.stack.snapshot(), end)


def test_stepping_by_hand_goes_on_with_the_state_and_comes_back(digits: Dataset) -> None:
    debugger = Debugger(timeline_of(digits, Settings(0.01, optimizer="nesterov", augment="shift:1")))
    for _ in range(3):
        debugger.next_sample()
    after = debugger.timeline.stack.snapshot()
    debugger.previous_sample()
    debugger.previous_sample()
    debugger.timeline.branch.checkpoints = {0: debugger.timeline.branch.checkpoints[0]}
    debugger.go_to(Position(1, 4))
    assert same(debugger.timeline.stack.snapshot(), after)
    assert debugger.timeline.stack.state()["7.drawn"] == 3


def test_a_branch_with_another_optimizer_comes_back_too(digits: Dataset) -> None:
    timeline = timeline_of(digits, Settings(0.01, 1, optimizer="momentum"))
    timeline.train(10)
    timeline.fork("adam", Settings(0.002, 1, optimizer="adam"))
    timeline.train(10)
    reached = timeline.stack.snapshot()
    timeline.visit(Position(1, 6), "main")
    assert "0.weights.velocity" in timeline.stack.state()
    timeline.branches["adam"].checkpoints.clear()
    assert same(timeline.visit(Position(1, 21), "adam"), reached)


def test_a_saved_run_keeps_the_state(digits: Dataset, tmp_path: Path) -> None:
    timeline, path = timeline_of(digits, WHOLE), str(tmp_path / "a.nnrun")
    timeline.train(24)
    expected = timeline.stack.snapshot()
    save_run(path, timeline, {})
    network = build_network(LAYERS, "cross_entropy", seed=1)
    network.layers[0].parameters["weights"][...] = 0
    stack = Stack(network.layers, network.loss)
    opened = open_run(read_run(path), stack, timeline.samples, choose_engine("numpy", stack))
    assert same(stack.snapshot(), expected) and opened.branch.settings == WHOLE
    timeline.train(8)
    opened.train(8)
    assert same(stack.snapshot(), timeline.stack.snapshot())


def test_training_with_and_without_a_timeline_is_the_same(digits: Dataset) -> None:
    timeline, alone = timeline_of(digits, WHOLE), timeline_of(digits, WHOLE)
    for chosen in (timeline, None):
        stack = timeline.stack if chosen else alone.stack
        trainer = Trainer(stack, timeline.samples, timeline.engine, WHOLE, timeline=chosen)
        list(trainer.run(2))
    assert same(timeline.stack.snapshot(), alone.stack.snapshot())
