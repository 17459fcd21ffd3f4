"""Pictures of the run screen at three sizes; `pytest --snapshot-update` draws them anew."""

from typing import Any

import pytest
from pilot_app import make_app
from test_snapshots import SIZES, pytestmark  # noqa: F401
from textual.pilot import Pilot

from nnstep.pulse import pulse_of
from nnstep.scoring import answers
from nnstep_tui.app import NnstepApp

VIEWS = {
    "run": ["G"],
    "spike": ["G", "home", "s", "s", "plus", "plus", "h", "L"],
    "curve alone": ["G", "z"],
    "confusion": ["G", "e", "down", "right"],
    "mistakes": ["G", "v", "v", "v"],
    "branches": ["G", "home", "equals_sign", *"rate=0.5", "enter"],
}


def recorded_app() -> NnstepApp:
    """A run of two epochs that nobody watched: nothing on its screen depends on the clock."""
    app = make_app(limit=300)
    timeline, branch = app.debugger.timeline, app.debugger.timeline.branch
    for part in range(12):
        branch.pulse.add(timeline.count, pulse_of(timeline.frames()))
        timeline.train(50)
        if part % 6 == 5:
            app.answers = answers(timeline.stack, app.test)
            branch.scores[timeline.count] = app.answers.score(timeline.count)
    app.debugger.enter()
    return app


@SIZES
@pytest.mark.parametrize("name", VIEWS)
def test_each_view_of_a_run_looks_as_it_did(name: str, size: tuple[int, int], snap_compare: Any) -> None:
    async def press(pilot: Pilot[Any]) -> None:
        await pilot.press(*VIEWS[name])
        await pilot.pause(0.2)

    assert snap_compare(recorded_app(), run_before=press, terminal_size=size)
