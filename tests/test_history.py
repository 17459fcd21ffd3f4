import numpy as np
import pytest

from nnstep.history import History, Log


@pytest.fixture
def history() -> History:
    losses = np.array([0.1, 0.9, 0.2, 0.4, 0.8, np.nan])
    return History(np.arange(6), losses, np.array([0, 1, 0, 0, 1, 1], bool), per_epoch=3)


def test_a_log_keeps_what_was_appended_in_nine_bytes_a_sample() -> None:
    log, losses = Log(), np.random.default_rng(0).random(5000)
    for start in range(0, 5000, 7):
        log.append(losses[start : start + 7], np.full(len(losses[start : start + 7]), start % 10, np.uint8))
    np.testing.assert_array_equal(log.losses, losses)
    assert len(log.classes) == 5000 and log.classes[8] == 7
    assert log.losses.itemsize + log.classes.itemsize <= 12


def test_wrong_samples_are_found_in_both_directions(history: History) -> None:
    assert [history.next_wrong(i) for i in (-1, 0, 1, 4, 5)] == [1, 1, 4, 5, None]
    assert [history.previous_wrong(i) for i in (5, 4, 1, 0)] == [4, 1, None, None]


def test_losses_above_a_bound_are_found_and_nan_counts(history: History) -> None:
    assert [history.next_above(0.5, i) for i in (-1, 1, 4)] == [1, 4, 5]
    assert [history.previous_above(0.5, i) for i in (5, 1)] == [4, None]


def test_the_worst_of_an_epoch_and_the_first_nan(history: History) -> None:
    assert [history.worst(epoch) for epoch in (1, 2, 3)] == [1, 5, None]
    assert history.first_not_finite() == 5


def test_a_moving_mean_is_the_mean_of_the_window(history: History) -> None:
    means = history.moving_mean(2)
    np.testing.assert_allclose(means[:5], [0.1, 0.5, 0.55, 0.3, 0.6])
    assert [epoch for epoch, _ in history.epoch_errors()] == [1, 2]
    assert history.epoch_errors()[0][1] == pytest.approx(0.4)


def test_epochs_that_are_begun_twice_are_one() -> None:
    history = History(np.array([0, 1, 2, 3, 1]), np.array([1.0, 2, 3, 4, 6]), np.zeros(5, bool), per_epoch=3)
    # 1, 2, 3 and 6 are in epoch 1
    assert history.epoch_errors() == [(1, 3.0), (2, 4.0)]
    assert History(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool), 3).epoch_errors() == []


def test_the_worst_of_the_run(history: History) -> None:
    assert history.worst() == 5
    assert History(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool), 3).worst() is None
