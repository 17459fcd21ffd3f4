"""The app on networks of the further layers: every step and view of them can be shown, and filters are pictures."""

import numpy as np
import pytest
from pilot_app import make_app, notices, screen_text, text
from textual.pilot import Pilot

from nnstep.feature_maps import Maps
from nnstep_tui.widgets.tensors import TensorPanes

CONV = "28x28,conv 4 5x5,relu,maxpool 2,batchnorm,flatten,16,gelu,dropout 0.3,10,softmax"


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_every_step_and_view_of_a_convolutional_network_is_shown(size: tuple[int, int]) -> None:
    app = make_app(layers=CONV)
    async with app.run_test(size=size) as pilot:
        steps = len(app.screen.debugger.frames)  # type: ignore[attr-defined]
        for _ in range(steps):
            for key in ("v", "v", "v", "v", "tab", "z", "z"):
                await pilot.press(key)
            await pilot.press("n")
        assert app.screen.debugger.position.sample == 2  # type: ignore[attr-defined]


async def test_a_feature_map_is_a_picture_with_its_arithmetic() -> None:
    app = make_app(layers=CONV)
    async with app.run_test(size=(140, 45)) as pilot:
        assert "Y[y,x,k] = Σ X[y+i,x+j,c] W[i,j,c,k] + b[k]" in text(app, "#rule")
        await _select(pilot, "Y (1, 24, 24, 4)")
        await pilot.press("z", "e")
        await pilot.press("right", "down")
        shown = app.screen.query_one(TensorPanes).picture._layout_shown
        assert isinstance(shown, Maps) and shown.picture == (24, 24) and shown.count == 4
        assert "Σ X[y,x,c]·W[i,j,c," in screen_text(app)


async def test_a_gradient_to_which_nothing_adds_is_not_called_given() -> None:
    app = make_app(layers="28x28,maxpool 2,flatten,10,softmax")
    async with app.run_test(size=(140, 45)) as pilot:
        await pilot.press("f", "n", "n", "f")
        await _select(pilot, "dE/dX (1, 784)")
        await pilot.press("z", "e", *["up"] * 28, *["left"] * 28)
        while "Nothing adds to it." not in screen_text(app):
            await pilot.press("right")
        assert "nothing to follow" in screen_text(app) and "given" not in screen_text(app)
        await pilot.press("enter")
        assert "Nothing adds to it." in notices(app)


DEEP = "28x28,conv 4 3x3 pad same,relu,maxpool 2,conv 6 3x3 pad same," + "batchnorm,gelu," * 9 + "flatten,10,softmax"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_current_layer_of_a_deep_stack_is_in_sight_and_a_click_runs_to_the_layer_under_it(
    size: tuple[int, int],
) -> None:
    app = make_app(layers=DEEP)
    async with app.run_test(size=size) as pilot:
        for _ in range(25):
            shown = [line for line in screen_text(app).splitlines() if line[1:2] == "▶"]
            name = app.screen.debugger.frame.step.name  # type: ignore[attr-defined]
            assert len(shown) == 1 and f"{name.split()[1]} {name.split()[0]} " in shown[0]
            await pilot.press("n")
        await pilot.press("s")
        assert "stack ↓" in screen_text(app)
        rows = screen_text(app).splitlines()
        row = next(y for y, line in enumerate(rows) if "8 gelu" in line)
        await pilot.click(offset=(5, row))
        assert app.screen.debugger.frame.step.name == "gelu 8"  # type: ignore[attr-defined]


async def test_all_outputs_are_in_sight_beside_a_deep_stack() -> None:
    app = make_app(layers=DEEP)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f")
        outputs = app.screen.query_one("#outputs")
        assert outputs.region.bottom <= 39 and outputs.size.height == 10


async def test_a_feature_map_is_copied_as_a_table_with_a_row_for_each_place() -> None:
    app = make_app(layers=CONV)
    async with app.run_test(size=(140, 45)) as pilot:
        await _select(pilot, "Y (1, 24, 24, 4)")
        await pilot.press("y")
        rows = [[float(value) for value in line.split("\t")] for line in app.clipboard.splitlines()]
        np.testing.assert_array_equal(rows, app.debugger.frame.output.reshape(24 * 24, 4))


async def _select(pilot: Pilot, title: str) -> None:
    for _ in range(8):
        if pilot.app.screen.query_one(TensorPanes).picture.title == title:
            return
        await pilot.press("tab")
    raise AssertionError(f"{title} cannot be selected")
