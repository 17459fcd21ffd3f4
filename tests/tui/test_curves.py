"""The curves of a training table in the app."""

from typing import Any

import pytest
from pilot_app import plot_text, text

from nnstep.training_curves import courses_of
from nnstep_tui.curves_app import CurvesApp

WAYS = ("784,10, mse: sgd at 0.1, one sample at a time", "784,10, mse: adam at 0.1, batches of 64")


def contender(name: str, way: int, errors: list[float | None]) -> dict[str, Any]:
    test = {"loss": 0.2, "correct": 90, "strict_correct": 80, "samples": 100}
    epochs = [{"epoch": i, "error": e, "seconds": 10.0, "test": test} for i, e in enumerate(errors, 1)]
    return {
        "name": name,
        "group": WAYS[way],
        "epochs": epochs,
        "samples_per_second": 6000.0,
        "ratio": 1.0,
        "failure": None if None not in errors else "diverged in epoch 2",
    }


def make_app() -> CurvesApp:
    rows = [contender("nnstep", 0, [0.3, 0.2, 0.1]), contender("PyTorch", 0, [0.3, 0.2, 0.1])]
    return CurvesApp(courses_of({"contenders": [*rows, contender("Keras", 1, [0.9, None])]}), "table.json")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (30, 10)])
async def test_each_way_of_training_has_its_curves_and_numbers(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert f"table.json · error by epoch · {WAYS[0]}" in text(app, "#title")
        rows = text(app, "#rows")
        assert "nnstep " in rows and "PyTorch" in rows and "Keras" not in rows
        assert "error 0.100000  accuracy 90.0 %, strict 80.0 %  10 s/epoch, 6,000 samples/s" in rows
        if size[0] >= 80:
            assert any("\u2801" <= character <= "\u28ff" for character in plot_text(app))
        await pilot.press("tab")
        assert WAYS[1] in text(app, "#title") and "diverged in epoch 2" in text(app, "#rows")
        await pilot.press("tab")
        assert "all ways of training" in text(app, "#title")
        assert all(name in text(app, "#rows") for name in ("nnstep", "PyTorch", "Keras"))
        await pilot.press("tab")
        assert WAYS[0] in text(app, "#title")


async def test_keys_choose_the_measure_the_time_and_the_scale() -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        by_epoch = plot_text(app)
        assert by_epoch.rstrip().endswith("3")
        await pilot.press("x")
        assert "error by second" in text(app, "#title") and plot_text(app).rstrip().endswith("30")  # 3 epochs of 10 s
        await pilot.press("x", "L")
        assert "log scale" in text(app, "#title") and plot_text(app) != by_epoch
        await pilot.press("L", "m", "m")
        assert "accuracy % by epoch" in text(app, "#title")
        await pilot.press("M", "M", "M")
        assert "strict accuracy %" in text(app, "#title")


async def test_curves_that_are_equal_are_told_apart_by_letters_where_there_is_no_colour() -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        rows = text(app, "#rows").splitlines()
        assert rows[0].startswith(" a━━ nnstep") and rows[1].startswith(" b━━ PyTorch")
        lines = plot_text(app).splitlines()
        columns = {letter: line.index(letter) for line in lines for letter in "ab" if letter in line}
        assert columns["a"] == len(lines[0]) - 1 and columns["b"] == columns["a"] - 3
        await pilot.press("tab")
        assert text(app, "#rows").startswith(" ━━ Keras") and not {"a", "b"} & set(plot_text(app).replace("error", ""))


async def test_q_leaves() -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("q")
    assert app.return_code == 0
