"""The app on a small network, and ways to look at what stands on its screen."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.widgets import Static

from nnstep.architecture import build_network
from nnstep.breakpoints import Breakpoints, parse_breakpoint
from nnstep.data import load_data
from nnstep.debugger import Debugger
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline
from nnstep_tui.app import NnstepApp
from nnstep_tui.widgets.curve_plot import CurvePlot

SMALL = "784,16,tanh,10,tanh"


def make_app(
    limit: int = 60,
    epochs: int = 2,
    digit: int = 0,
    layers: str = SMALL,
    learning_rate: float = 0.1,
    breakpoints: tuple[str, ...] = (),
    welcome: bool = False,
) -> NnstepApp:
    data = load_data("samples", limit, 100)
    network = build_network(layers)
    stack = Stack(network.layers, network.loss)
    timeline = Timeline(stack, data.train, NumpyEngine(), Settings(learning_rate), start=digit)
    found = Breakpoints([parse_breakpoint(text, stack.names) for text in breakpoints])
    config = {"data": "samples", "limit": limit, "layers": layers, "loss": "mse", "init": "lecun", "seed": 0}
    return NnstepApp(Debugger(timeline, found), epochs, config | {"dtype": "float64"}, welcome, data.test)


def text(app: App[Any], selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


def screen_text(app: NnstepApp) -> str:
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)


def plot_text(app: App[Any]) -> str:
    """The characters of the curves."""
    plot = app.screen.query_one(CurvePlot)
    return "\n".join("".join(part.text for part in plot.render_line(y)) for y in range(plot.size.height))


def notices(app: NnstepApp) -> str:
    return "\n".join(notification.message for notification in app._notifications)


async def until(pilot: Any, condition: Callable[[], bool]) -> None:
    patience = time.monotonic() + 60
    while time.monotonic() < patience:
        await pilot.pause()
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited too long")
