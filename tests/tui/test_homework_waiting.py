"""While a student's layer does not come back, the app answers, whichever key ran it, and the layer can be given up."""

import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pilot_app import screen_text, text, until
from test_homework_screen import FORWARD, make_app, write

from nnstep.breakpoints import parse_breakpoint
from nnstep.source import running_source
from nnstep_tui.app import NnstepApp
from nnstep_tui.screens.run import RunScreen
from nnstep_tui.screens.stepping import SteppingScreen
from nnstep_tui.screens.student import RunningScreen, StudentErrorScreen
from nnstep_tui.widgets.lower import LowerPanes

STEPPED = ["right_square_bracket"] * 3
FAR = ["1", "0", "right_square_bracket"]  # farther than the frames that are kept


@pytest.fixture(autouse=True)
def impatience(patience: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait is shown soon, also for the run that follows the lines, which is left to end by nobody but the user."""
    monkeypatch.setattr("nnstep_tui.apart.PATIENCE", 0.15)
    monkeypatch.setattr("nnstep.shown.running_source", partial(running_source, patience=60))


def looping(folder: Path) -> tuple[NnstepApp, Path]:
    """The app on a homework whose layers wait as long as a file exists."""
    flag = folder / "loop"
    loop = f"        import os, time\n        while os.path.exists({str(flag)!r}): time.sleep(0.01)\n"
    return make_app(write(folder, FORWARD, loop + FORWARD), 60), flag


async def settle(pilot: Any) -> None:
    for _ in range(3):
        await pilot.pause()
    await until(pilot, lambda: not pilot.app.apart.running)
    await pilot.pause()


async def press_each(pilot: Any, keys: list[str]) -> None:
    """Presses a key when what the one before ran is over: a screen that waits would take it."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


def laid_out(app: NnstepApp, wide: bool) -> bool:
    return isinstance(app.screen, SteppingScreen) and app.screen.query_one(LowerPanes).shows("source") == wide


async def give_up(pilot: Any, app: NnstepApp, flag: Path) -> None:
    """Gives the running layer up, and closes what is said about it, until the screen below is there again."""
    await until(pilot, lambda: isinstance(app.screen, RunningScreen))
    await until(pilot, lambda: "propagation of TanhLayer" in screen_text(app))
    began = time.monotonic()
    while isinstance(app.screen, RunningScreen):  # a key may run layers twice: to the head of the run, then to score
        await pilot.press("escape")
        await pilot.pause(0.2)
    assert time.monotonic() - began < 30  # the time limit is 60
    flag.unlink()
    while isinstance(app.screen, StudentErrorScreen):
        assert "was given up" in text(app, "#said")
        await pilot.press("escape")
        await pilot.pause()


@pytest.mark.parametrize(
    ("before", "keys"),
    [
        ([], ["right_square_bracket"]),
        ([], ["n"] * 11),
        (STEPPED, ["left_square_bracket"]),
        (STEPPED, ["p"]),
        (FAR, ["R"]),
        (FAR, ["g", *"1.2", "enter"]),
        (STEPPED, ["d", *"9", "enter"]),
        (STEPPED, ["equals_sign", *"label=3", "enter"]),
        (STEPPED, ["equals_sign", *"eta=0.5", "enter"]),
        ([*STEPPED, "equals_sign", *"label=3", "enter"], ["u"]),
        (STEPPED, ["m"]),
        ([*FAR, "g", *"1.2", "enter"], ["c"]),
        (FAR, ["C"]),
        (["n"], ["o", "p", "n"]),  # the first of them that runs the layer
        (["n", "o"], ["p", "n"]),
        ([*FAR, "g", *"1.5", "enter"], ["D", "D"]),
        (STEPPED, ["n", "right_square_bracket"]),
        (STEPPED, ["3", "r", "r", "r"]),
        ([*STEPPED, "l", "down"], ["enter", "enter", "enter"]),
    ],
    ids=lambda keys: "".join(keys)[:24].replace("right_square_bracket", "]").replace("left_square_bracket", "["),
)
async def test_every_key_that_runs_a_layer_lets_it_be_given_up(
    before: list[str], keys: list[str], tmp_path: Path
) -> None:
    app, flag = looping(tmp_path)
    size = (80, 24) if "o" in [*before, *keys] else (120, 40)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: laid_out(app, size[0] > 80))
        await settle(pilot)
        await press_each(pilot, before)
        app.debugger.breakpoints.add(parse_breakpoint("1 backward if max W > 1000", app.debugger.stack.names))
        flag.touch()
        began = time.monotonic()
        for key in keys:
            if isinstance(app.screen, RunningScreen):
                break
            await pilot.press(key)
            await pilot.pause()
        assert time.monotonic() - began < 30  # the time limit is 60
        await give_up(pilot, app, flag)
        assert isinstance(app.screen, SteppingScreen)
        await press_each(pilot, ["right_square_bracket", "left_square_bracket", "n"])
        assert app.debugger.failure is None
        assert "step 2/10" in text(app, "#position")


@pytest.mark.parametrize(
    "keys",
    [["enter"], ["escape"], ["space"], ["n"], ["equals_sign", *"label=3", "enter"], ["asterisk"], ["c"], ["E"]],
    ids="".join,
)
async def test_the_keys_of_the_run_screen_let_a_layer_be_given_up(keys: list[str], tmp_path: Path) -> None:
    app, flag = looping(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.state == "finished")
        await pilot.press("home", *["full_stop"] * 5)
        flag.touch()
        began = time.monotonic()
        for key in keys:
            await pilot.press(key)
        await pilot.pause()
        assert time.monotonic() - began < 30  # the time limit is 60
        await until(pilot, lambda: isinstance(app.screen, RunningScreen) or getattr(app.screen, "busy", False))
        if not isinstance(app.screen, RunningScreen):  # it trains: leaving the screen waits for that
            await pilot.press("escape")
        await give_up(pilot, app, flag)
        assert isinstance(app.screen, SteppingScreen | RunScreen)
