"""Presses the keys of both screens and looks at what stands there."""

import asyncio
from typing import Any

import numpy as np
import pytest
from textual.widgets import Input, Static

from nnstep.architecture import build_network
from nnstep.data import load_data
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.workbench import Workbench
from nnstep_tui.app import NnstepApp
from nnstep_tui.screens.help import HelpScreen
from nnstep_tui.screens.stepping import SteppingScreen
from nnstep_tui.screens.training import TrainingScreen
from nnstep_tui.widgets.tensor import TensorView
from nnstep_tui.widgets.tensors import TensorPanes

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)])


def make_app(limit: int = 60, epochs: int = 2, digit: int = 0, layers: str = "784,16,tanh,10,tanh") -> NnstepApp:
    data = load_data("samples", limit, 10)
    network = build_network(layers)
    bench = Workbench(data, network, Stack(network.layers, network.loss))
    return NnstepApp(bench, Settings(0.1), NumpyEngine(), epochs, digit)


def text(app: NnstepApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


def screen_text(app: NnstepApp) -> str:
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)


@SIZES
async def test_every_stepping_key_does_what_the_help_says(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:

        async def press(*keys: str) -> str:
            await pilot.press(*keys)
            await pilot.pause()
            return text(app, "#position")

        assert "sample 1/60 · step 1/10 forward affine 1" in await press()
        assert "step 2/10 forward tanh 2" in await press("n")
        assert "step 3/10" in await press("right")
        assert "step 2/10" in await press("p")
        assert "step 1/10" in await press("left")
        assert "step 4/10 forward tanh 4" in await press("f")
        assert "label 5, says" in await press("n")
        assert "step 10/10 backward affine 1" in await press("f")
        assert "step 5/10 loss" in await press("s")
        assert "step 1/10" in await press("s")
        assert "sample 2/60 · step 1/10" in await press("]")
        assert "sample 1/60 · step 1/10" in await press("[")
        await press("f", "f")
        assert "sample 2/60 · step 1/10" in await press("n")
        assert "sample 1/60 · step 10/10" in await press("p")


@SIZES
async def test_the_tensors_of_the_step_are_on_screen(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("f", "f")
        await pilot.pause()
        panes = app.screen.query_one(TensorPanes)
        assert "dE/dX = dE/dY Wᵀ" in text(app, "#rule")
        for symbol in ("dE/dY", "dE/dX", "W before", "dE/dW", "W after"):
            assert symbol in screen_text(app)
        views = [view for view in panes.query(TensorView) if view.display]
        assert len(views) == (1 if size == (80, 24) else 10)
        await pilot.press("tab")
        await pilot.pause()
        assert panes.selected == 1
        await pilot.press("shift+tab", "shift+tab")
        assert panes.selected == 9
        await pilot.press("z")
        await pilot.pause()
        assert [view.id for view in panes.query(TensorView) if view.display] == ["view-9"]
        await pilot.press("v")
        await pilot.pause()
        expected = f"{app.debugger.frame.output[0, 0]:.4f}"
        assert expected in screen_text(app)


async def test_a_digit_is_chosen_by_its_number() -> None:
    app = make_app(digit=4)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "sample 5/60" in text(app, "#position") and app.debugger.label == 9
        await pilot.press("d", "7", "enter")
        await pilot.pause()
        assert "sample 8/60" in text(app, "#position")
        await pilot.press("d", "9", "9", "enter")
        await pilot.pause()
        assert "sample 8/60" in text(app, "#position")
        assert "expected from 0 to 59" in next(iter(app._notifications)).message or len(app._notifications) > 0
        await pilot.press("d")
        await pilot.pause()
        assert isinstance(app.focused, Input)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, SteppingScreen)


@SIZES
async def test_help_lists_every_key(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        shown = str(app.screen.query_one(Static).content)
        for binding in [*SteppingScreen.BINDINGS, *TrainingScreen.BINDINGS]:
            assert binding.tooltip and binding.tooltip in shown
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, SteppingScreen)


async def until(pilot: Any, condition: Any) -> None:
    for _ in range(1000):
        await pilot.pause()
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited too long")


@SIZES
async def test_training_runs_to_its_end_and_equals_training_without_a_screen(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: "finished" in text(app, "#progress"))
        assert "epoch 2/2 · sample 60/60" in text(app, "#progress") and "samples/s" in text(app, "#progress")
        assert "samples trained" in screen_text(app)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        await pilot.pause()
        assert "epoch 3 · sample 1/60" in text(app, "#position")
        network = build_network("784,16,tanh,10,tanh")
        stack = Stack(network.layers, network.loss)
        for _ in range(2):
            NumpyEngine().run(stack, app.debugger.samples, np.arange(60), 0.1)
        for ours, theirs in zip(app.debugger.visit.parameters, stack.snapshot(), strict=True):
            for name in ours:
                np.testing.assert_array_equal(ours[name], theirs[name])


async def test_training_pauses_goes_on_and_stops_at_a_sample() -> None:
    app = make_app(limit=2000, epochs=200, layers="784,128,tanh,64,tanh,10,tanh")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: "epoch" in text(app, "#progress"))
        await pilot.press("space")
        await pilot.pause()
        assert "paused" in text(app, "#progress")
        await asyncio.sleep(0.3)
        await pilot.pause()
        held = app.screen.trainer.sample
        await asyncio.sleep(0.2)
        assert app.screen.trainer.sample == held
        await pilot.press("space")
        await until(pilot, lambda: app.screen.trainer.sample != held)
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        assert (app.debugger.visit.epoch, app.debugger.visit.sample) != (1, 1)
        await pilot.press("[")
        await pilot.pause()
        assert "epoch 1 · sample 1/2,000" in text(app, "#position")


@pytest.mark.parametrize("keys", [("q",), ("t", "q"), ("t", "space", "q")])
async def test_quitting_ends_the_app_and_its_training(keys: tuple[str, ...]) -> None:
    app = make_app(limit=2000, epochs=200)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for key in keys:
            await pilot.press(key)
        await pilot.pause()
    assert app.return_code == 0
    assert all(worker.is_finished for worker in app.workers)


async def test_diverging_is_said_on_screen_and_stepping_goes_on() -> None:
    app = make_app(layers="784,10,identity")
    app.settings = Settings(1e9)  # the debugger keeps 0.1: only training diverges
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: "diverged" in text(app, "#progress"))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (200, 60), (1, 1)])
async def test_any_size_of_terminal_is_survived(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.resize_terminal(*size)
        await pilot.press("n", "f", "v", "tab", "z", "t")
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))


async def test_light_and_ansi_themes_draw_every_frame() -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        for theme in ("textual-light", "textual-ansi" if "textual-ansi" in app.available_themes else "ansi-dark"):
            if theme not in app.available_themes:
                continue
            app.theme = theme
            await pilot.press("n", "f")
            await pilot.pause()
            assert "stack" in screen_text(app)
