"""What the run screen costs training, how soon its keys answer meanwhile, and how soon any position opens.

    python benchmarks/run_screen.py [DATA [EPOCHS [HOMEWORK.py]]]

Trains the reference network with the compiled engine, or a student's network as it is written, in turn without a
screen, as `nnstep train` does, and in the real app at 160 × 48 with its scores, curves, panes and autosave. Then
presses keys of the app while it trains, and opens random positions. Read the ratios and the 95th percentiles.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time

import numpy as np
from textual.events import Key
from textual.keys import _character_to_key

from nnstep.adapting import HomeworkStack
from nnstep.alarms.monitor import Monitor
from nnstep.architecture import build_network
from nnstep.data import load_data
from nnstep.debugger import Debugger
from nnstep.engines.base import choose_engine
from nnstep.homework import load_homework
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline
from nnstep.training import Trainer
from nnstep_tui.app import NnstepApp, spare_what_stays
from nnstep_tui.screens.run import RunScreen
from nnstep_tui.screens.stepping import SteppingScreen

KEYS = ["left", "right", "plus", "minus", "L", "h", "v", "m", "s", "comma", "full_stop", "end", "w"]
PAIRS, PRESSED, OPENED = 3, 60, 30


def new_timeline(data: Dataset, homework: str | None) -> Timeline:
    if homework:
        written = HomeworkStack(load_homework(homework), data)
        return Timeline(written, data.train, choose_engine("auto", written), Settings(0.1))
    network = build_network("784,128,tanh,64,tanh,10,tanh")
    stack = Stack(network.layers, network.loss)
    engine = choose_engine("numba", stack)
    engine.prepare(stack, data.train)
    return Timeline(stack, data.train, engine, Settings(0.1))


def headless(data: Dataset, epochs: int, homework: str | None) -> float:
    """Samples per second without a screen."""
    timeline = new_timeline(data, homework)
    began = time.perf_counter()
    monitor = Monitor(timeline.stack, data.train)
    trainer = Trainer(timeline.stack, data.train, timeline.engine, Settings(0.1), timeline=timeline, monitor=monitor)
    for _ in trainer.run(epochs):
        pass
    return timeline.count / (time.perf_counter() - began)


async def in_app(
    data: Dataset, epochs: int, homework: str | None, folder: str
) -> tuple[float, list[float], list[float]]:
    """Samples per second in the app, then seconds of keys while it trains, and seconds to open positions."""
    timeline = new_timeline(data, homework)
    app = NnstepApp(Debugger(timeline), epochs, {}, test=data.test, autosave=f"{folder}/run.nnrun")
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        spare_what_stays()
        painted = watch_paints(app)
        press(app, "t")
        while not isinstance(app.screen, RunScreen) or not app.screen.busy:
            await asyncio.sleep(0.001)
        began = time.perf_counter()
        while app.screen.busy:
            await asyncio.sleep(0.01)
        pace = timeline.count / (time.perf_counter() - began)
        source = random.Random(1)
        opened = []
        for _ in range(OPENED):
            app.screen.cursor.put(source.randrange(app.screen.cursor.trained))
            began = time.perf_counter()
            press(app, "enter")
            while not isinstance(app.screen, SteppingScreen):
                await asyncio.sleep(0)
            await settle(painted)
            opened.append(painted[-1] - began)
            press(app, "G")
            while not isinstance(app.screen, RunScreen):
                await asyncio.sleep(0.001)
            await settle(painted)
        press(app, "space")
        keys = []
        for _ in range(PRESSED):
            await asyncio.sleep(0.05)
            if not app.screen.busy:
                press(app, "space")
                await asyncio.sleep(0.3)
            keys.append(await key_time(app, source.choice(KEYS), painted))
        app.screen.halt()
        while app.screen.busy:
            await asyncio.sleep(0.01)
    return pace, keys, opened


def watch_paints(app: NnstepApp) -> list[float]:
    """A list that gets the moment of each paint."""
    painted: list[float] = [time.perf_counter()]
    display = app._display

    def notice(screen: object, renderable: object) -> None:
        display(screen, renderable)  # type: ignore[arg-type]
        painted.append(time.perf_counter())

    app._display = notice  # type: ignore[method-assign, assignment]
    return painted


def press(app: NnstepApp, key: str) -> None:
    event = Key(_character_to_key(key) if len(key) == 1 else key, key if len(key) == 1 else None)
    event.set_sender(app)
    assert app._driver is not None
    app._driver.send_message(event)


async def key_time(app: NnstepApp, key: str, painted: list[float]) -> float:
    """Seconds to the first paint after a key was taken by the screen."""
    taken = asyncio.Event()
    draw = app.screen._draw

    def drawn() -> None:
        draw()
        taken.set()

    app.screen._draw = drawn
    began = time.perf_counter()
    press(app, key)
    await taken.wait()
    count = len(painted)
    while len(painted) == count and time.perf_counter() - began < 1:
        await asyncio.sleep(0.0005)
    app.screen._draw = draw
    return painted[-1] - began


async def settle(painted: list[float]) -> None:
    """Waits until nothing was painted for a while."""
    await asyncio.sleep(0.02)
    while time.perf_counter() - painted[-1] < 0.15:
        await asyncio.sleep(0.01)


def describe(name: str, times: list[float]) -> str:
    p50, p95 = np.percentile(times, [50, 95]) * 1000
    return f"{name:34} {p50:6.1f} ms median, {p95:6.1f} ms at the 95th percentile, {len(times)} times"


def main() -> None:
    data = load_data(sys.argv[1] if len(sys.argv) > 1 else "samples")
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    homework = sys.argv[3] if len(sys.argv) > 3 else None
    headless(data, 1, homework)
    ratios, keys, opened = [], [], []
    for _ in range(PAIRS):
        alone = headless(data, epochs, homework)
        with tempfile.TemporaryDirectory() as folder:
            watched, some_keys, some_opened = asyncio.run(in_app(data, epochs, homework, folder))
        ratios.append(watched / alone)
        keys, opened = keys + some_keys, opened + some_opened
        print(f"{alone:10,.0f} samples/s without a screen, {watched:10,.0f} in the app: {watched / alone:.3f}")
    print(f"{'pace in the app':34} {np.median(ratios):6.1%} of the headless one, median of {PAIRS} pairs")
    print(describe("keys while it trains", keys))
    print(describe("opening a position", opened))


if __name__ == "__main__":
    main()
