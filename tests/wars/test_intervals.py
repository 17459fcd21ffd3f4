import pytest

from nnstep.wars.intervals import Interval, accuracy_interval, student_t, wilson, within_noise


@pytest.mark.parametrize(
    # The printed table of the t distribution, two-sided 5 %.
    ("freedom", "t"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (10, 2.228), (30, 2.042), (120, 1.980)],
)
def test_students_t_is_that_of_the_tables(freedom: int, t: float) -> None:
    assert student_t(freedom) == pytest.approx(t, abs=5e-4)


def test_wilsons_interval_is_the_one_worked_out_by_hand() -> None:
    # p = 0.9, n = 100, z² = 3.841459: centre = (0.9 + 0.01920730) / 1.03841459 = 0.8852026,
    # half = 1.959964 / 1.03841459 · √(0.0009 + 0.0000960365) = 1.8874580 · 0.0315600 = 0.0595682.
    low, high = wilson(0.9, 100)
    assert low == pytest.approx(0.8256343, abs=1e-6) and high == pytest.approx(0.9447708, abs=1e-6)


def test_no_interval_leaves_the_possible() -> None:
    assert wilson(1.0, 50)[1] == 1.0 and wilson(1.0, 50)[0] == pytest.approx(50 / (50 + 3.841459), abs=1e-6)
    assert wilson(0.0, 50)[0] == pytest.approx(0.0, abs=1e-12)
    assert accuracy_interval([0.99, 0.2], 100).high == 1.0


def test_several_seeds_give_students_interval() -> None:
    # Mean 0.92, s = 0.02, t(2) = 4.302653: 4.302653 · 0.02 / √3 = 0.0496828.
    found = accuracy_interval([0.90, 0.92, 0.94], 1000)
    assert found.kind == "t" and found.mean == pytest.approx(0.92)
    assert found.high - found.mean == pytest.approx(0.0496828, abs=1e-6)


def test_one_seed_or_equal_seeds_give_wilsons_interval() -> None:
    assert accuracy_interval([0.9], 100) == Interval(0.9, *wilson(0.9, 100), "wilson")
    assert accuracy_interval([0.9, 0.9], 100).kind == "wilson"


def test_a_difference_is_noise_where_its_interval_holds_zero() -> None:
    # The margin is √(0.03² + 0.04²) = 0.05.
    best = Interval(0.90, 0.87, 0.93, "t")
    assert within_noise(best, Interval(0.851, 0.80, 0.891, "t"))
    assert not within_noise(best, Interval(0.849, 0.80, 0.889, "t"))
    assert within_noise(Interval(0.851, 0.80, 0.891, "t"), best)
