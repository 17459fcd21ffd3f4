"""Draws tensors in rooms of many sizes and reads the characters."""

import math

import numpy as np
import pytest
from rich.style import Style
from textual.strip import Strip

from nnstep_tui.widgets.palette import Palette, palette_of
from nnstep_tui.widgets.tensor_picture import TensorPicture, View, number

PLAIN = palette_of("plain", Style())
DARK = palette_of("dark", Style())
RANDOM = np.random.default_rng(0).standard_normal((784, 128))


def draw(view: View, height: int, width: int, palette: Palette = PLAIN) -> tuple[TensorPicture, list[Strip]]:
    picture = TensorPicture()
    picture.show(view)
    return picture, picture.draw(height, width, palette)


def words(strips: list[Strip]) -> list[str]:
    return [strip.text for strip in strips]


@pytest.mark.parametrize("mode", ["heatmap", "numbers", "histogram", "pictures"])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("shape", [(), (1, 1), (1, 10), (1, 784), (784, 128), (3, 4, 5), (0, 4)])
@pytest.mark.parametrize("room", [(0, 0), (1, 1), (2, 5), (5, 23), (7, 24), (40, 160)])
def test_every_tensor_fills_every_room_exactly(
    mode: str, whole: bool, shape: tuple[int, ...], room: tuple[int, int]
) -> None:
    array = np.random.default_rng(1).standard_normal(shape)
    cursor = (0,) * len(shape) if array.size else None
    for palette in (PLAIN, DARK):
        _, strips = draw(View("W", array, (28, 28), mode, whole=whole, cursor=cursor), *room, palette)
        assert len(strips) == room[0]
        assert all(strip.cell_length == room[1] for strip in strips)


def test_numbers_are_the_numbers() -> None:
    array = np.array([[0.5, -0.25], [math.nan, 0.0], [123.0, 1e-7]])
    _, strips = draw(View("X", array, mode="numbers"), 4, 16)
    assert [line.split() for line in words(strips)] == [
        ["0.5000", "−0.2500"],
        ["NaN", "0"],
        ["1.2e+02", "1.0e−07"],
        [],
    ]


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 99.9999, -123456.0, 1e-300, -1e300, math.inf, -math.inf, math.nan])
def test_a_number_takes_eight_columns(value: float) -> None:
    assert len(number(value)) == 8


def test_without_colours_glyphs_tell_sign_and_size_apart() -> None:
    array = np.array([[1.0, 0.4, 0.0, -0.4, -1.0, math.nan]])
    _, strips = draw(View("b", array), 1, 6)
    assert words(strips) == ["█▒ -≡?"]


def test_the_changed_element_and_the_cursor_are_marked_without_colours() -> None:
    _, strips = draw(View("b", np.zeros((1, 4)), changed=(0, 1), cursor=(0, 3)), 1, 4)
    assert words(strips)[0][1] == "◆"
    assert [segment.style.reverse for segment in strips[0] if segment.text][-1]


def test_what_is_no_element_stays_empty() -> None:
    picture, strips = draw(View("b", np.ones((1, 10))), 2, 8)
    assert words(strips) == ["████████", "██      "]
    assert picture.element_at(1, 1) == (0, 9)
    assert picture.element_at(2, 1) is None and picture.element_at(-1, 0) is None and picture.element_at(0, 2) is None


def test_the_legend_names_the_ends_of_the_scale_and_how_it_is() -> None:
    view = View("X", np.array([[2.0, -3.5]]), limit=4.0, log=True)
    _, strips = draw(view, 8, 60)
    assert words(strips)[-1].startswith("−4 ") and "4 log shared" in words(strips)[-1]
    _, strips = draw(View("X", np.array([[2.0, -3.5]])), 8, 60)
    assert words(strips)[-1].startswith("−3.5 ") and "log" not in words(strips)[-1]


def test_a_panned_matrix_says_where_one_is_and_follows_the_cursor() -> None:
    view = View("W", RANDOM, whole=False, cursor=(700, 100))
    picture, strips = draw(view, 21, 60)
    assert "rows 681–700 of 784, columns 41–100 of 128" in words(strips)[-1]
    assert picture.element_at(59, 19) == (700, 100)
    assert picture.cursor_moved(-5, -2) == (695, 98)
    assert picture.cursor_moved(1000, 1000) == (783, 127)


def test_in_half_blocks_a_cell_holds_two_rows() -> None:
    array = np.arange(8.0).reshape(4, 2) + 1
    picture, strips = draw(View("W", array, legend=False), 2, 2, DARK)
    assert words(strips) == ["▀▀", "▀▀"]
    assert picture.element_at(0, 1) == (2, 0)


def test_weight_columns_are_pictures_from_the_cursors_on() -> None:
    view = View("W", RANDOM, (28, 28), "pictures", cursor=(5, 17))
    picture, strips = draw(view, 29, 90)
    assert "W[:,17] … [:,19] of 128" in words(strips)[-1]
    assert picture.element_at(5, 0) == (5, 17)
    assert picture.element_at(28 + 3, 1) == (31, 18)


def test_a_histogram_says_what_its_highest_bar_is_and_what_it_leaves_out() -> None:
    array = np.array([[0.0, 0.0, 0.0, 1.0, math.inf, math.nan]])
    _, strips = draw(View("Y", array, mode="histogram"), 6, 60)
    assert words(strips)[-1].strip() == "the highest bar is 3 of 6, 2 NaN or infinite"


def test_the_same_tensor_is_not_drawn_twice() -> None:
    picture, strips = draw(View("W", RANDOM), 10, 40)
    assert picture.draw(10, 40, PLAIN) is strips
    assert not picture.show(View("W", RANDOM)) and picture.draw(10, 40, PLAIN) is strips
    assert picture.show(View("W", RANDOM, log=True)) and picture.draw(10, 40, PLAIN) is not strips
