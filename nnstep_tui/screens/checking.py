"""The key that checks the layers: their gradients and contracts, in words, with as much of a hint as one asks for."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Label, Static

from nnstep.adapting import HomeworkStack
from nnstep.checking.file_check import check_layer
from nnstep.checking.processes import Outcome, check_in_process
from nnstep.checking.report import Writer
from nnstep.stack import Stack
from nnstep_tui.screens.base import DebuggerScreen
from nnstep_tui.screens.dialog import Dialog

TIME_LIMIT, MEMORY_LIMIT = 10.0, 2048
MOST_HINT = 3


class Checking(DebuggerScreen):
    """The check of all layers and the loss."""

    def action_check(self) -> None:
        """Checks the gradients."""
        self.app.push_screen(CheckScreen(self.debugger.stack))


class CheckScreen(Dialog[None]):
    """Runs the check in a thread, a student's file in a process of its own, and shows its report."""

    BINDINGS: ClassVar[list[BindingType]] = [("h", "hint", "hint"), ("escape,enter,q", "dismiss", "close")]

    class Done(Message):
        """The check came to its end."""

        def __init__(self, outcome: Outcome) -> None:
            super().__init__()
            self.outcome = outcome

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self._stack = stack
        self._outcome: Outcome | None = None
        self._hint = 0

    def compose(self) -> ComposeResult:
        """The report, and how to leave."""
        with VerticalScroll(id="dialog"):
            yield Static("checking the gradients by differences …", id="report")
        yield Label("h: a hint, and a further one · Escape closes this", classes="hint")

    def on_mount(self) -> None:
        """Starts the check."""
        self._check()

    def action_hint(self) -> None:
        """A further hint."""
        self._hint = min(MOST_HINT, self._hint + 1)
        self._show()

    @work(thread=True, exclusive=True, exit_on_error=False, group="checking")
    def _check(self) -> None:
        stack = self._stack
        if isinstance(stack, HomeworkStack):
            outcome = check_in_process(stack.homework.path, TIME_LIMIT, MEMORY_LIMIT)
        else:
            outcome = check_own(stack)
        self.post_message(self.Done(outcome))

    @on(Done)
    def _take(self, event: Done) -> None:
        self._outcome = event.outcome
        self._show()

    def _show(self) -> None:
        if self._outcome is None:
            return
        if self._outcome.refused:
            self.query_one("#report", Static).update(Text(str(self._outcome.refused)))
            return
        text = Text()
        for line in Writer(self._hint, False, False).file(self._outcome).splitlines():
            style = "green" if line.startswith("✓") else "bold red" if line.startswith("✗") else ""
            text.append(f"{line}\n", style)
        self.query_one("#report", Static).update(text)


def check_own(stack: Stack) -> Outcome:
    """Checks nnstep's layers within this process; their loss is nnstep's too."""
    layers: list[dict[str, Any]] = []
    for index, layer in enumerate(stack.layers):
        found = check_layer(copy.deepcopy(layer)).as_json()
        layers.append(found | {"index": index, "name": stack.names[index]})
    loss = {"name": stack.loss.name, "ok": True, "findings": [], "notes": []}
    ok = all(layer["ok"] for layer in layers)
    return Outcome("this network", {"ok": ok, "layers": layers, "loss": loss, "errors": [], "notes": []})
