import numpy as np
import pytest

from nnstep.feature_maps import FILTERS, MAPS, Maps, maps_of

SHAPES = [((1, 3, 2, 5), False), ((2, 2, 3, 4), False), ((3, 2, 1, 8), True), ((2, 2, 3, 2), True)]


@pytest.mark.parametrize(("shape", "filters"), SHAPES)
def test_every_element_has_its_place_and_its_number_there(shape: tuple[int, ...], filters: bool) -> None:
    maps, array = maps_of(shape, filters), np.random.default_rng(0).normal(size=shape)
    assert maps is not None
    matrix = maps.matrix(array)
    assert matrix.shape == (maps.rows, maps.columns)
    blank = maps.padding(np.arange(maps.rows), np.arange(maps.columns))
    assert blank.sum() == maps.rows * maps.columns - array.size
    for index in np.ndindex(shape):
        cell = maps.cell_of(index)
        assert matrix[cell] == array[index] and maps.index_of(*cell) == index and not blank[cell]
    for cell in zip(*np.nonzero(blank), strict=True):
        assert maps.index_of(*map(int, cell)) is None and matrix[cell] == 0


def test_maps_stand_side_by_side_with_a_blank_line_between() -> None:
    array = np.arange(8.0).reshape(1, 2, 2, 2)
    # channel 0 has the even numbers, channel 1 the odd ones
    assert Maps((1, 2, 2, 2), 5, MAPS, 2).matrix(array).tolist() == [[0, 2, 0, 1, 3], [4, 6, 0, 5, 7]]
    assert Maps((2, 2, 2, 1), 2, FILTERS, 1).matrix(array.reshape(2, 2, 2, 1)).tolist() == [
        [0, 2],
        [4, 6],
        [0, 0],
        [1, 3],
        [5, 7],
    ]


def test_the_cursor_jumps_over_blank_lines_and_stops_at_the_edge() -> None:
    maps = Maps((1, 2, 2, 3), 5, MAPS, 2)
    assert maps.moved((0, 0, 1, 0), 0, 1) == (0, 0, 0, 1)
    assert maps.moved((0, 1, 0, 0), 1, 0) == (0, 0, 0, 2)
    assert maps.moved((0, 1, 1, 1), 1, 0) == (0, 1, 1, 1)  # below it there is no picture
    assert maps.moved((0, 0, 0, 0), -1, -3) == (0, 0, 0, 0)
    assert maps.index_of(-1, 0) is None and maps.index_of(0, 5) is None


def test_only_four_axes_are_pictures() -> None:
    assert (
        maps_of((28, 28), False) is None and maps_of((2, 3, 4), True) is None and maps_of((0, 2, 2, 2), False) is None
    )
