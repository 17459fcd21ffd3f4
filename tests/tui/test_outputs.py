"""The bars of the outputs keep their columns whatever the numbers are."""

import math

import numpy as np
from textual.app import App, ComposeResult

from nnstep_tui.widgets.outputs import OutputBars


class BarsApp(App[None]):
    def compose(self) -> ComposeResult:
        yield OutputBars()


async def test_numbers_of_any_size_are_six_wide_with_a_minus() -> None:
    app = BarsApp()
    async with app.run_test(size=(40, 12)) as pilot:
        bars = app.query_one(OutputBars)
        bars.show(np.array([[-0.004, 0.5, -99.99, 123456.7, -1e30, math.inf, math.nan]]), 1)
        await pilot.pause()
        lines = str(bars.content).splitlines()
        assert [line.split()[-1] for line in lines if "◀" not in line] == [
            *("−0.00", "−99.99", "1.2e5", "−1e30", "∞", "NaN"),
        ]
        assert len({len(line.rstrip(" ◀")) for line in lines}) == 1
