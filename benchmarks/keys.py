"""How long from a key to the painted screen, how long until the app is there, and whether memory stays where it is.

    python benchmarks/keys.py [STEPS]

Drives the real app on the reference network at 160 × 48 with all panes visible. A key's time ends when the compositor
has made the lines of the screen that the key led to, as they would be written to the terminal.
"""

from __future__ import annotations

import asyncio
import json
import os
import pty
import resource
import select
import subprocess
import sys
import time

import numpy as np
from textual.events import Key
from textual.keys import _character_to_key

from nnstep.architecture import build_network
from nnstep.data import load_data
from nnstep.debugger import Debugger
from nnstep.engines.base import choose_engine
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline
from nnstep_tui.app import NnstepApp, spare_what_stays


def make_app() -> NnstepApp:
    network = build_network("784,128,tanh,64,tanh,10,tanh")
    stack = Stack(network.layers, network.loss)
    timeline = Timeline(stack, load_data("samples").train, choose_engine("auto", stack), Settings(0.1))
    return NnstepApp(Debugger(timeline), 20, {})


async def press_all(keys: list[str]) -> tuple[list[float], list[int]]:
    """Presses keys one after the other; returns seconds for each, and resident bytes after each hundred."""
    app, times, sizes = make_app(), [], []
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        spare_what_stays()  # as the app does on a terminal
        painted = asyncio.Event()
        display = app._display

        def notice(screen: object, renderable: object) -> None:
            display(screen, renderable)  # type: ignore[arg-type]
            painted.set()

        app._display = notice  # type: ignore[method-assign, assignment]
        for number, key in enumerate(keys):
            began, last = time.perf_counter(), 0.0
            event = Key(_character_to_key(key) if len(key) == 1 else key, key if len(key) == 1 else None)
            event.set_sender(app)
            assert app._driver is not None
            app._driver.send_message(event)
            while True:  # the last paint before the app has nothing more to do
                painted.clear()
                try:
                    await asyncio.wait_for(painted.wait(), 0.06 if last else 1.0)
                except TimeoutError:
                    break
                last = time.perf_counter()
            times.append(last - began)
            if number % 100 == 99:
                sizes.append(resident())
    return times, sizes


def resident() -> int:
    """Bytes of memory in use now, where the system tells; the most ever used elsewhere."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def first_paint() -> float:
    """Seconds from starting the command to the first full screen on a terminal of its own."""
    main, other = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "160", "LINES": "48"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "nnstep"], stdin=other, stdout=other, stderr=other, env=environment
    )
    seen = b""
    while b"label" not in seen and time.perf_counter() - began < 20:
        if select.select([main], [], [], 0.05)[0]:
            seen += os.read(main, 65536)
    took = time.perf_counter() - began
    process.kill()
    process.wait()
    return took


def describe(name: str, times: list[float]) -> str:
    p50, p95 = np.percentile(times, [50, 95]) * 1000
    return f"{name:38} {p50:6.1f} ms median, {p95:6.1f} ms at the 95th percentile, {len(times):,} keys"


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    report: dict[str, object] = {}
    for name, keys in (
        ("stepping forward (n)", ["n"] * steps),
        ("forward and back over samples", ["]", "n", "p", "p", "[", "n"] * (steps // 12)),
        ("with the cursor on an element", ["e", *["n", "p", "down", "right"] * (steps // 16)]),
    ):
        times, sizes = asyncio.run(press_all(keys))
        print(describe(name, times[5:]))
        report[name] = np.percentile(times[5:], [50, 95]).tolist()
        if name.startswith("stepping") and len(sizes) > 2:
            print(f"{'':38} {sizes[1] / 2**20:.0f} MiB after 200 steps, {sizes[-1] / 2**20:.0f} MiB after {steps:,}")
            report["memory"] = sizes
    starts = sorted(first_paint() for _ in range(5))
    print(f"{'first screen after the command':38} {starts[2] * 1000:.0f} ms, median of 5")
    report["first paint"] = starts
    print(json.dumps(report))


if __name__ == "__main__":
    main()
