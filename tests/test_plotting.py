"""Lines, axes and ticks against what one would draw by hand."""

import numpy as np
import pytest

from nnstep.plotting import Axis, axis_of, line_dots, span_dots, spread, tick_text, ticks


def test_an_axis_begins_at_zero_and_has_room_above() -> None:
    assert axis_of(np.array([0.2, np.nan, 0.5])) == Axis(0.0, 0.525)
    assert axis_of(np.array([np.inf])) == Axis(0.0, 1.0)
    assert axis_of(np.array([3.0, 3.0])).high > 3
    assert axis_of(np.zeros(4)).high > 0


def test_a_logarithmic_axis_leaves_zero_out() -> None:
    axis = axis_of(np.array([0.0, 1e-3, 1.0]), log=True)
    assert axis.low == pytest.approx(1e-3 / 1.1) and axis.high == pytest.approx(1.1)
    half = Axis(1e-4, 1.0, True).place(np.array([1e-4, 1e-2, 1.0]))
    np.testing.assert_allclose(half, [0, 0.5, 1])  # 10⁻² lies in the middle of 10⁻⁴ and 1


@pytest.mark.parametrize(
    ("axis", "most", "expected"),
    [
        (Axis(0, 1), 5, [0, 0.5, 1]),  # in steps of 0.2 there would be six
        (Axis(0, 0.07), 8, [0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07]),
        (Axis(0, 120_000), 4, [0, 50_000, 100_000]),
        (Axis(0.01, 1, True), 9, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]),
        (Axis(0.01, 1, True), 3, [0.01, 0.1, 1]),
        (Axis(0, 1), 0, []),
    ],
)
def test_ticks_are_round_numbers(axis: Axis, most: int, expected: list[float]) -> None:
    np.testing.assert_allclose(ticks(axis, most), expected, atol=1e-12)


def test_tick_texts_are_short() -> None:
    values = [0, 0.02, 3e-5, 20_000, 1.2e6, -0.5, 3e290]
    assert [tick_text(value) for value in values] == ["0", "0.02", "3e−5", "20k", "1.2M", "−0.5", "3e290"]


def test_a_rising_line_is_joined_from_bottom_to_top() -> None:
    dots = line_dots(np.array([0.0, 1.0]), 1)
    # One character: the left column is filled from its middle (row 1, where the line passes) down, the right one up.
    assert chr(0x2800 + int(dots[0, 0])) == "⡞"
    flat = line_dots(np.array([0.0, 0.0, np.nan, 0.0]), 1)
    assert "".join(chr(0x2800 + int(bits)) for bits in flat[0]) == "⣀⢀"


def test_what_is_beyond_an_end_is_drawn_at_it() -> None:
    np.testing.assert_array_equal(line_dots(np.array([7.0, 7.0]), 2), line_dots(np.array([1.0, 1.0]), 2))
    np.testing.assert_array_equal(line_dots(np.array([-7.0, -7.0]), 2), line_dots(np.array([0.0, 0.0]), 2))


def test_a_crossed_span_has_no_dots() -> None:
    assert not span_dots(np.array([8, 8]), np.array([-1, -1]), 2).any()


def test_values_are_spread_over_the_dot_columns() -> None:
    # Two characters have four dot columns, with centres at 0.5, 1.5, 2.5 and 3.5.
    np.testing.assert_allclose(spread(np.array([0.5, 3.5]), np.array([0.0, 3.0]), 0, 4, 2), [0, 1, 2, 3])
    np.testing.assert_array_equal(spread(np.array([0.0, 1.5]), np.array([1.0, 1.0]), 0, 4, 2), [1, 1, np.nan, np.nan])
