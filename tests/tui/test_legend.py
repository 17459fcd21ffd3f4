"""The legend, the axis and the points of curves where there is little room."""

import numpy as np
import pytest
from pilot_app import make_app, plot_text, text, until
from rich.style import Style

from nnstep.change_text import apply_change
from nnstep.plotting import axis_of
from nnstep.wars.standings import report_text
from nnstep_tui.widgets.contest_plot import GREY, ContestPlot
from nnstep_tui.widgets.curve_plot import CurvePlot, PlotView, Series
from nnstep_tui.widgets.legend import legend_text, shortened
from nnstep_tui.widgets.standings import error_text

NAMES = ["main", *(f"W[{number},2] of affine 1 = 0.5" for number in range(11))]


def lines(width: int, rows: int, names: list[str] = NAMES) -> list[str]:
    curves = [("abcdefghijkl"[number], name, Style()) for number, name in enumerate(names)]
    return legend_text(curves, width, rows).plain.split("\n")


@pytest.mark.parametrize(("width", "rows"), [(80, 3), (120, 2), (200, 2)])
def test_twelve_branches_all_have_their_letter_in_the_legend(width: int, rows: int) -> None:
    found = lines(width, rows)
    assert len(found) <= rows and all(len(line) <= width for line in found)
    assert all(f"{letter}━━ " in "\n".join(found) for letter in "abcdefghijkl")


def test_names_stay_whole_where_there_is_room() -> None:
    assert lines(80, 2, NAMES[:2]) == [" a━━ main   b━━ W[0,2] of affine 1 = 0.5"]


def test_what_has_no_room_is_counted() -> None:
    (found,) = lines(40, 1)
    assert len(found) <= 40 and found.startswith(" a━━ main") and found.endswith("… 10 more")


def test_a_name_wider_than_the_legend_is_cut_even_where_there_are_further_lines() -> None:
    found = lines(40, 3, ["x" * 100, "main"])
    assert len(found) == 2 and all(len(line) <= 40 for line in found) and found[0].endswith("x…")


def test_a_long_name_is_cut_by_its_width() -> None:
    assert shortened("漢字漢字", 6) == "漢字…" and shortened("main", 4) == "main"


@pytest.mark.parametrize("highest", [0.0071, 0.95, 1.0, 1.9, 2.3, 4.0, 4.7, 5.1, 9.0, 19.0, 480.0])
def test_a_low_plot_still_has_two_values_on_its_axis(highest: float) -> None:
    assert len(CurvePlot()._labels(axis_of(np.array([0.0, highest])), 6)) >= 2


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_run_screen_explains_the_letters_of_twelve_branches(size: tuple[int, int]) -> None:
    app = make_app(limit=20)
    for number in range(11):
        apply_change(app.debugger, f"0.W[{number},2] = 0.5")
    async with app.run_test(size=size) as pilot:
        await pilot.press("G")
        await pilot.pause()
        legend = app.screen.query_one("#legend")
        assert all(f"{letter}━━ " in text(app, "#legend") for letter in "abcdefghijkl")
        assert legend.size.height == text(app, "#legend").count("\n") + 1 > 1


async def test_the_means_of_many_epochs_leave_the_curve_in_sight() -> None:
    app = make_app(limit=20, epochs=200)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: app.debugger.timeline.count == 4000 and not app.screen.busy)  # type: ignore[attr-defined]
        await pilot.pause()
        shown = plot_text(app)
        columns = app.screen.query_one(CurvePlot).columns
        assert columns // 8 < shown.count("●") <= columns // 4 + 2
        assert sum("\u2801" <= character <= "\u28ff" for character in shown) > columns // 2


def test_a_diverged_contender_in_grey_does_not_press_the_others_flat() -> None:
    plot, x = ContestPlot(), np.array([1.0, 2.0])
    curves = [np.array([9e187, np.nan]), np.array([2.0, 1.5]), np.array([1.0, 0.5])]
    plot._view = PlotView(
        [Series("bad", x, curves[0], GREY), Series("slow", x, curves[1], GREY), Series("good", x, curves[2])], 1, 2
    )
    assert axis_of(plot._deciding(curves)).high == pytest.approx(1.05 * 2)
    plot._view = PlotView([Series("bad", x, curves[0])], 1, 2)
    assert axis_of(plot._deciding(curves[:1])).high > 9e187


@pytest.mark.parametrize(
    ("error", "shown"),
    [(0.022318, "0.02232"), (1.5652, "1.565"), (9999.0, "9999"), (12345.6, "1.2e4"), (9.195e187, "9.2e187")],
)
def test_an_error_stands_whole_in_its_column(error: float, shown: str) -> None:
    assert error_text(error) == shown and len(shown) <= 7


def test_a_running_contender_whose_error_is_huge_is_described_in_few_words() -> None:
    report = {"epoch": 2, "epochs": 3, "sample": 5, "samples": 9, "errors": [9.195e187], "seconds": 1.0}
    assert report_text(report) == "epoch 2 of 3, sample 5/9, error 9.195000e+187, 1.0 s"


async def test_short_curves_beside_long_ones_keep_their_letters() -> None:
    app = make_app(limit=20)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("G")
        plot, long, short = app.screen.query_one(CurvePlot), np.arange(1.0, 21.0), np.array([1.0, 2.0, 3.0])
        curves = [Series(f"short {number}", short, 1 / short) for number in range(4)]
        plot.show(PlotView([*curves, *(Series(f"long {number}", long, 1 / long) for number in range(9))], 1, 20))
        await pilot.pause()
        assert all(letter in plot_text(app) for letter in "abcdefghijklm")
