"""Layouts, pooling, panning and levels, against numbers worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnstep.histogram import histogram
from nnstep.pictures import (
    Layout,
    Tiles,
    column_picture,
    cut,
    fit,
    largest,
    layout_of,
    levels,
    moved,
    tiles_of,
    window,
)

DIGIT = (28, 28)
FINITE = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))


def test_a_matrix_is_laid_out_as_it_is() -> None:
    layout = layout_of((784, 128), DIGIT)
    assert (layout.rows, layout.columns) == (784, 128)
    assert layout.cell_of((17, 3)) == (17, 3)
    assert layout.index_of(17, 3) == (17, 3)


@pytest.mark.parametrize(("shape", "index"), [((1, 784), (0, 30)), ((784,), (30,)), ((784, 1), (30, 0))])
def test_a_vector_with_as_many_elements_as_pixels_is_the_picture(
    shape: tuple[int, ...], index: tuple[int, ...]
) -> None:
    layout = layout_of(shape, DIGIT)
    assert (layout.rows, layout.columns) == DIGIT
    assert layout.cell_of(index) == (1, 2)  # 30 = 1 · 28 + 2
    assert layout.index_of(1, 2) == index


def test_another_vector_is_wrapped_and_its_padding_is_no_element() -> None:
    layout = layout_of((1, 20), DIGIT, wrap=8)
    assert (layout.rows, layout.columns) == (3, 8)  # 8 + 8 + 4
    assert layout.cell_of((0, 19)) == (2, 3)
    assert layout.index_of(2, 3) == (0, 19)
    assert layout.index_of(2, 4) is None
    assert layout.padding(np.arange(3), np.arange(8)).tolist() == [
        [False] * 8,
        [False] * 8,
        [False] * 4 + [True] * 4,
    ]


def test_nan_is_an_element_and_padding_is_not() -> None:
    layout = layout_of((3,), wrap=2)
    matrix = layout.matrix(np.array([1.0, 2.0, math.nan]))
    found = levels(matrix, 2.0, blank=layout.padding(np.arange(2), np.arange(2)))
    assert found.tolist() == [[8, 16], [99, 98]]


def test_a_vector_shorter_than_a_row_makes_one_row_and_a_number_one_cell() -> None:
    assert layout_of((1, 10)) == Layout((1, 10), 10)
    number = layout_of(())
    assert (number.rows, number.columns, number.cell_of(()), number.index_of(0, 0)) == (1, 1, (0, 0), ())
    assert number.matrix(np.array(2.5)).tolist() == [[2.5]]


def test_an_array_with_more_axes_is_laid_out_as_the_first_against_all_others() -> None:
    layout = layout_of((2, 3, 4))
    assert (layout.rows, layout.columns) == (2, 12)
    assert layout.cell_of((1, 2, 3)) == (1, 11)  # 2 · 4 + 3
    assert layout.index_of(1, 11) == (1, 2, 3)
    assert layout_of((1, 28, 28), DIGIT).columns == 28


@pytest.mark.parametrize("shape", [(), (7,), (1, 23), (23, 1), (5, 6), (2, 3, 4), (1, 784), (3, 1, 1)])
@pytest.mark.parametrize("wrap", [4, 16])
def test_every_element_has_a_cell_of_its_own_and_finds_back(shape: tuple[int, ...], wrap: int) -> None:
    layout = layout_of(shape, DIGIT, wrap)
    array = np.arange(float(math.prod(shape))).reshape(shape)
    matrix, cells = layout.matrix(array), set()
    for index in np.ndindex(*shape):
        row, column = layout.cell_of(index)
        assert layout.index_of(row, column) == index
        assert matrix[row, column] == array[index]
        cells.add((row, column))
    assert len(cells) == array.size
    everywhere = [layout.index_of(r, c) for r in range(-1, layout.rows + 1) for c in range(-1, layout.columns + 1)]
    assert len(everywhere) - everywhere.count(None) == array.size


def test_whole_numbers_and_truth_values_can_be_drawn_too() -> None:
    assert layout_of((2, 2)).matrix(np.array([[1, 2], [3, 4]], np.uint8)).dtype == np.float64
    assert layout_of((2,)).matrix(np.array([True, False])).tolist() == [[1.0, 0.0]]


def test_columns_of_weights_are_pictures_side_by_side() -> None:
    tiles = tiles_of((784, 3), DIGIT)
    assert tiles == Tiles(DIGIT, 3)
    assert (tiles.rows, tiles.columns) == (28, 84)
    assert tiles.cell_of((30, 2)) == (1, 58)  # row 1, column 2 of the third picture: 2 · 28 + 2
    assert tiles.index_of(1, 58) == (30, 2)
    assert tiles.index_of(28, 0) is None and tiles.index_of(0, 84) is None
    weights = np.arange(12.0).reshape(6, 2)
    assert column_picture(weights, 1, (2, 3)).tolist() == [[1, 3, 5], [7, 9, 11]]


@pytest.mark.parametrize("shape", [(784,), (128, 64), (784, 0), (28, 28, 3), ()])
def test_other_arrays_hold_no_pictures(shape: tuple[int, ...]) -> None:
    assert tiles_of(shape, DIGIT) is None
    assert tiles_of((784, 3), None) is None


@pytest.mark.parametrize(
    ("index", "down", "right", "expected"),
    [
        ((0, 9), 1, 0, (0, 17)),  # rows of 8: the element below the tenth is 8 places on
        ((0, 9), -1, 0, (0, 1)),
        ((0, 9), -5, 0, (0, 1)),
        ((0, 9), 0, 99, (0, 15)),
        ((0, 14), 1, 0, (0, 14)),  # below it there is only padding
        ((0, 6), 9, 0, (0, 14)),
        ((0, 17), 0, 9, (0, 19)),  # the last row ends with 19
        ((0, 17), 0, -9, (0, 16)),
    ],
)
def test_moving_stops_at_the_edge_and_never_on_padding(
    index: tuple[int, int], down: int, right: int, expected: tuple[int, int]
) -> None:
    assert moved(layout_of((1, 20), wrap=8), index, down, right) == expected


def test_moving_right_leaves_one_picture_for_the_next() -> None:
    assert moved(Tiles(DIGIT, 3), (27, 0), 0, 1) == (0, 1)  # from the end of row 0 to its beginning in the next picture
    assert moved(Tiles(DIGIT, 3), (0, 1), 2, -1) == (2 * 28 + 27, 0)


def test_nothing_can_be_moved_over_where_nothing_is() -> None:
    assert moved(layout_of((0, 5)), (0, 0), 1, 1) == (0, 0)


def test_a_small_matrix_is_magnified_by_a_whole_number() -> None:
    grid = fit(np.array([[1.0, 2.0]]), 5, 7)  # 7 // 2 = 3 columns for each
    assert grid.values.tolist() == [[1, 1, 1, 2, 2, 2]] * 3
    assert grid.pixels(0, 1) == (slice(0, 3), slice(3, 6))
    assert grid.element(2, 4) == (0, 1)


def test_of_each_block_the_value_farthest_from_zero_is_drawn() -> None:
    matrix = np.array([[1.0, -5.0], [2.0, 3.0], [0.0, 0.5], [-1.0, 0.2]])
    grid = fit(matrix, 2, 1)
    assert grid.values.tolist() == [[-5], [-1]]
    assert [grid.element(0, 0), grid.element(1, 0)] == [(0, 1), (3, 0)]
    assert grid.pixels(1, 1) == (slice(0, 1), slice(0, 1))


def test_a_single_nan_is_not_lost_among_a_hundred_thousand_numbers() -> None:
    matrix = np.ones((784, 128))
    matrix[300, 77] = math.nan
    grid = fit(matrix, 20, 40)
    assert int(np.isnan(grid.values).sum()) == 1
    y, x = np.argwhere(np.isnan(grid.values))[0]
    assert grid.element(y, x) == (300, 77)


@given(
    matrix=arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=FINITE),
    height=st.integers(1, 30),
    width=st.integers(1, 30),
)
def test_pixels_and_elements_agree_in_any_room(matrix: np.ndarray, height: int, width: int) -> None:
    grid = fit(matrix, height, width)
    assert grid.values.shape[0] <= height and grid.values.shape[1] <= width
    for y, x in np.ndindex(*grid.values.shape):
        assert abs(matrix[grid.element(y, x)]) == abs(grid.values[y, x])
    drawn = np.zeros(grid.values.shape, int)
    for row, column in np.ndindex(*matrix.shape):
        pixels = grid.pixels(row, column)
        assert grid.values[pixels].size and (np.abs(grid.values[pixels]) >= abs(matrix[row, column])).all()
        drawn[pixels] += 1
    assert (drawn > 0).all()


def test_a_part_of_a_matrix_shows_each_element_once_and_the_others_nowhere() -> None:
    matrix = np.arange(20.0).reshape(4, 5)
    grid = cut(matrix, 1, 3, 2, 9)
    assert grid.values.tolist() == [[8, 9], [13, 14]]
    assert grid.element(1, 0) == (2, 3)
    assert grid.pixels(2, 4) == (slice(1, 2), slice(1, 2))
    for outside in [(0, 3), (3, 3), (1, 2)]:
        assert not grid.values[grid.pixels(*outside)].size


@pytest.mark.parametrize(
    ("size", "room", "offset", "cursor", "expected"),
    [
        (100, 10, 20, 25, 20),  # 20 … 29 holds it already
        (100, 10, 20, 30, 21),
        (100, 10, 20, 19, 19),
        (100, 10, 20, 0, 0),
        (100, 10, 20, 99, 90),
        (100, 10, 95, None, 90),
        (5, 10, 3, 4, 0),  # all of it fits
    ],
)
def test_a_window_moves_just_enough(size: int, room: int, offset: int, cursor: int | None, expected: int) -> None:
    assert window(size, room, offset, cursor) == expected


@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 300), st.data())
def test_the_cursor_is_always_inside_the_window(size: int, room: int, offset: int, data: st.DataObject) -> None:
    cursor = data.draw(st.integers(0, size - 1))
    start = window(size, room, offset, cursor)
    assert start <= cursor < start + room
    assert start >= 0 and (start + room <= size or start == 0)
    assert window(size, room, start, cursor) == start


def test_levels_go_from_minus_16_to_16_and_stop_there() -> None:
    values = np.array([-9.0, -2.0, -1.0, 0.0, 0.124, 1.0, 2.0, 9.0, math.nan, math.inf, -math.inf])
    assert levels(values, 2.0).tolist() == [-16, -16, -8, 0, 1, 8, 16, 16, 99, 99, 99]  # 0.124 / 2 · 16 = 0.99
    assert levels(np.zeros(2), 0.0).tolist() == [0, 0]


def test_the_log_scale_tells_small_values_apart() -> None:
    # 16 · log₁₀(1 + 10⁴ x) / log₁₀(10001): x = 10⁻⁴ gives 16 · 0.3010 / 4.00004 = 1.20, 10⁻² 16 · 2.0043 / 4.00004
    # = 8.02, and 1 gives 16.
    values = 3.0 * np.array([0.0, 1e-4, 1e-2, 1.0, -1e-4, -1e-2, -1.0, math.nan])
    assert levels(values, 3.0, log=True).tolist() == [0, 1, 8, 16, -1, -8, -16, 99]
    assert levels(values, 3.0).tolist() == [0, 0, 0, 16, 0, 0, -16, 99]


def test_the_largest_absolute_value_leaves_out_what_is_not_finite() -> None:
    assert largest(np.array([[1.0, -3.0], [2.0, 0.0]])) == 3
    assert largest(np.array([math.nan, -2.0, math.inf])) == 2
    assert largest(np.array([math.nan])) == 0
    assert largest(np.zeros((0, 4))) == 0


@given(arrays(np.float64, st.integers(1, 60), elements=FINITE), st.integers(2, 40))
@example(np.array([999.0, -999.0]), 31)
def test_the_bins_of_a_histogram_hold_all_numbers_with_an_edge_at_zero(values: np.ndarray, bins: int) -> None:
    found = histogram(values, bins)
    assert found.counts.sum() == values.size and len(found.counts) == bins
    assert found.edges[0] <= values.min() and values.max() <= found.edges[-1]
    assert (np.diff(found.edges) > 0).all()
    if values.min() < 0 < values.max():
        assert 0 in found.edges
        assert found.counts[found.edges[:-1] < 0].sum() == (values < 0).sum()


def test_a_histogram_counts_by_hand() -> None:
    # From 0 to 4 in four bins of width 1; the last one holds its upper edge too.
    found = histogram(np.array([0.0, 0.5, 1.5, 1.5, 3.5, 4.0, math.nan, math.inf]), 4)
    assert found.edges.tolist() == [0, 1, 2, 3, 4]
    assert found.counts.tolist() == [2, 2, 0, 2]
    assert found.left_out == 2


@pytest.mark.parametrize("value", [0.0, 7.0, -1e300, 1e-300])
def test_equal_numbers_fill_one_bin(value: float) -> None:
    counts = histogram(np.full(5, value), 10).counts
    assert sorted(counts.tolist())[-2:] == [0, 5]


def test_a_histogram_of_nothing_finite_is_empty() -> None:
    found = histogram(np.array([math.nan, math.inf]), 10)
    assert found.counts.sum() == 0 and found.left_out == 2
