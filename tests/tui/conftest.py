"""What the tests of screens use."""

import pytest


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine shows no wait for a layer that is quick, so that each key goes to the screen that it is for."""
    monkeypatch.setattr("nnstep_tui.apart.PATIENCE", 3.0)
