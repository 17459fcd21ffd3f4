"""Pictures of each view at three sizes; `pytest --snapshot-update` draws them anew."""

from typing import Any

import pytest
import textual
from pilot_app import make_app

pytestmark = pytest.mark.skipif(
    textual.__version__ != "8.2.8", reason="the pictures were drawn with Textual 8.2.8, others draw borders differently"
)
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])
VIEWS = {
    "first": [],
    "loss": ["f", "n"],
    "backward": ["3", "]", "f", "f"],
    "numbers": ["f", "f", "v"],
    "histogram": ["f", "f", "z", "tab", "tab", "v", "v"],
    "pictures": ["f", "f", "z", "tab", "tab", "v", "v", "v"],
    "element": ["f", "f", "tab", "tab", "tab", "e"],
    "panned": ["f", "f", "z", "tab", "tab", "h", "e"],
    "difference": ["3", "]", "f", "f", "z", "tab", "tab", "D", "D"],
    "changed": ["f", "n", "equals_sign", *"label=3", "enter"],
    "watches": ["w", *"mean |0.dW|", "enter", "escape", "5", "]", "f", "f"],
    "breakpoints": ["b", *"loss > 0.5", "enter"],
    "go to": ["g"],
    "stack": ["l", "down"],
    "help": ["question_mark"],
}


@SIZES
@pytest.mark.parametrize("name", VIEWS)
def test_each_view_looks_as_it_did(name: str, size: tuple[int, int], snap_compare: Any) -> None:
    assert snap_compare(make_app(), press=VIEWS[name], terminal_size=size)


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark"])
def test_other_themes_look_as_they_did(theme: str, snap_compare: Any) -> None:
    app = make_app()
    app.theme = theme
    assert snap_compare(app, press=["f", "f"], terminal_size=(120, 40))


def test_without_colours_it_looks_as_it_did(snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(make_app(), press=["f", "f"], terminal_size=(120, 40))


def test_the_first_start_looks_as_it_did(snap_compare: Any) -> None:
    assert snap_compare(make_app(welcome=True), terminal_size=(80, 24))
