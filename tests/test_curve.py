import numpy as np
import pytest

from nnstep.curve import Curve
from nnstep.rolling import rolling_sum


def curve_of(losses: np.ndarray, pieces: int = 37) -> Curve:
    curve = Curve()
    for start in range(0, len(losses), pieces):
        curve.add(losses[start : start + pieces])
    return curve


@pytest.fixture(scope="module")
def losses() -> np.ndarray:
    return np.random.default_rng(5).random(10_007)


def test_rolling_sums_are_those_of_the_entries_before() -> None:
    # of 1, 2, 3, 4 with a window of 3: 1, 1 + 2, 1 + 2 + 3, 2 + 3 + 4
    np.testing.assert_array_equal(rolling_sum(np.array([1.0, 2, 3, 4]), 3), [1, 3, 6, 9])
    np.testing.assert_array_equal(rolling_sum(np.array([1.0, 2, 3, 4]), 100), [1, 3, 6, 10])
    np.testing.assert_array_equal(rolling_sum(np.array([1.0, 2, 3, 4]), 1), [1, 2, 3, 4])
    # a running total would lose the small numbers after 1e30
    np.testing.assert_array_equal(rolling_sum(np.array([1e30, 1, 1, 1]), 2), [1e30, 1e30, 2, 2])


def test_a_window_has_the_columns_of_the_losses_themselves(losses: np.ndarray) -> None:
    curve = curve_of(losses)
    # 9,600 samples in 75 columns: 128 in each
    window = curve.window(64, 9664, 75)
    columns = losses[64:9664].reshape(75, 128)
    np.testing.assert_allclose(window.mean, columns.mean(axis=1))
    np.testing.assert_array_equal(window.low, columns.min(axis=1))
    np.testing.assert_array_equal(window.high, columns.max(axis=1))
    np.testing.assert_array_equal(window.x, 64 + 128 * np.arange(75) + 64)
    assert not window.not_finite.any()


@pytest.mark.parametrize(("start", "stop", "columns"), [(0, 10_007, 1), (0, 10_007, 13), (3000, 10_007, 40)])
def test_what_has_not_filled_a_bucket_yet_is_in_the_last_column(
    losses: np.ndarray, start: int, stop: int, columns: int
) -> None:
    window = curve_of(losses).window(start, stop, columns)
    assert len(window.x) <= columns
    assert max(window.high) == losses[start // 64 * 64 :].max() or columns > 1
    tail = losses[10_007 // 64 * 64 :]
    assert window.low[-1] <= tail.min() and window.high[-1] >= tail.max()


def test_a_narrow_window_shows_each_sample(losses: np.ndarray) -> None:
    window = curve_of(losses).window(501, 511, 200, losses=lambda a, b: losses[a:b])
    np.testing.assert_array_equal(window.mean, losses[501:511])
    np.testing.assert_array_equal(window.x, np.arange(501, 511) + 0.5)
    assert len(curve_of(losses).window(501, 511, 200).x) == 1


def test_a_moving_mean_takes_the_samples_before(losses: np.ndarray) -> None:
    window = curve_of(losses).window(5000, 5100, 100, smooth=200, losses=lambda a, b: losses[a:b])
    expected = [losses[i - 199 : i + 1].mean() for i in range(5000, 5100)]
    np.testing.assert_allclose(window.mean, expected)
    np.testing.assert_array_equal(window.high, losses[5000:5100])
    # a column is 4 buckets of 1,024; of the 8 buckets up to each, 1, 2, 3 and 4 are threes: 1 + 2 · 2.5 / 8
    coarse = curve_of(np.repeat([1.0, 3.0], 8192)).window(8192, 16384, 2, smooth=8192)
    np.testing.assert_allclose(coarse.mean, [1.625, 2.625])


def test_what_is_not_finite_is_counted_and_left_out_of_the_mean() -> None:
    losses = np.full(256, 0.5)
    losses[[70, 71, 200]] = np.nan, np.inf, 1e308
    losses[64 * 2 : 64 * 3] = np.nan
    window = curve_of(losses).window(0, 256, 4)
    np.testing.assert_array_equal(window.not_finite, [0, 2, 64, 0])
    np.testing.assert_array_equal(window.mean[:3], [0.5, 0.5, np.nan])
    assert window.high[3] == 1e308


def test_pieces_of_any_size_give_the_same_curve(losses: np.ndarray) -> None:
    whole, single = curve_of(losses, len(losses)), curve_of(losses, 1)
    for start, stop, columns in ((0, 10_007, 77), (1234, 8765, 9)):
        one, other = whole.window(start, stop, columns), single.window(start, stop, columns)
        np.testing.assert_allclose(one.mean, other.mean)
        np.testing.assert_array_equal(one.high, other.high)


def test_nothing_to_draw_is_no_error() -> None:
    assert not len(Curve().window(0, 100, 10).x) and Curve().points() == ([], [])
    assert not len(curve_of(np.ones(100)).window(100, 200, 10).x)
