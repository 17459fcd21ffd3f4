"""The check in the app: the report of the command, with hints one after the other."""

from pathlib import Path

import pytest
from pilot_app import make_app, until
from textual.widgets import Static

from nnstep_tui.screens.checking import CheckScreen
from nnstep_tui.screens.stepping import SteppingScreen

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
BROKEN = Path(__file__).parents[2] / "samples" / "homework_broken.py"


def report(app: object) -> str:
    return str(app.screen.query_one("#report", Static).content)  # type: ignore[attr-defined]


@SIZES
async def test_the_check_finds_nothing_wrong_with_nnsteps_own_layers(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("K")
        await until(pilot, lambda: isinstance(app.screen, CheckScreen) and "All gradients" in report(app))
        assert "✓ layer 0  affine 1" in report(app) and "✓ layer 3  tanh 4" in report(app)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, SteppingScreen)


async def test_the_fault_of_a_homework_is_named_and_hinted_at() -> None:
    from test_homework import make_app as make_homework_app

    app = make_homework_app(BROKEN)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("K")
        await until(pilot, lambda: isinstance(app.screen, CheckScreen) and "derivative-at-output" in report(app))
        assert "✗ layer 1  TanhLayer" in report(app) and "→" not in report(app)
        await pilot.press("h")
        await pilot.pause()
        first = report(app)
        assert "→ At which point" in first
        await pilot.press("h")
        await pilot.pause()
        assert report(app) != first
