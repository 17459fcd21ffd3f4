"""The help of the contest screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding

from nnstep_tui.keys import CONTEST_TOPICS
from nnstep_tui.screens.help import HelpScreen

NOTES = """
≈ before a place: what parts it from the winner is within noise. ✗: it lost, by what the details say. ·: it waits.
The error is that of the last epoch's training, so it can be compared between contenders of one loss alone; the accuracy
is of the test digits, its 95 % interval over the seeds, or Wilson's where there is one.
In the debugger q comes back here; the contest goes on meanwhile. Runs open at once with --save-runs.
Esc closes this help."""


class ContestHelp(HelpScreen):
    """Lists the keys of the contest screen."""

    notes: ClassVar[str] = NOTES

    def topics(self) -> Mapping[str, Sequence[Binding]]:
        """The keys by topic."""
        return CONTEST_TOPICS
