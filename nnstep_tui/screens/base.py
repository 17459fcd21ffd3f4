"""What all parts of the stepping screen share: the debugger, how tensors are looked at, and a count that was typed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.screen import Screen

from nnstep.debugger import Debugger
from nnstep.errors import NnstepError
from nnstep.tensors import Tensor, tensors_of
from nnstep.terms import Place
from nnstep_tui.apart import PATIENCE, Finish
from nnstep_tui.screens.seeking import SeekingScreen

if TYPE_CHECKING:
    from nnstep_tui.app import NnstepApp

MODES = ("heatmap", "numbers", "histogram", "pictures")
MOST_TIMES = 9999


@dataclass(slots=True)
class Looks:
    """How tensors are looked at: mode, scale, whole or panned, since when changes are shown, beside what framework."""

    mode: str = MODES[0]
    log: bool = False
    shared: bool = False
    whole: bool = True
    since: str | None = None
    framework: str | None = None


@dataclass(slots=True)
class ElementCursor:
    """The cursor on an element: where it is in each tensor that had it, the chosen factor, and the way back.

    Attributes:
        indices: the element by step name and tensor key.
        chosen: which factor Enter follows.
        trail: count of the sample, step and place that were left, to come back to.
    """

    indices: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    chosen: int = 0
    trail: list[tuple[int, Place]] = field(default_factory=list)


class DebuggerScreen(Screen[None]):
    """The state of the stepping screen; its parts add the actions."""

    app: NnstepApp

    def __init__(self, debugger: Debugger) -> None:
        super().__init__()
        self.debugger = debugger
        self.looks = Looks()
        self.element = ElementCursor()
        self._keys: dict[str, str] = {}
        self.typed = ""

    @property
    def key(self) -> str:
        """The key of the tensor that was selected last in this direction of the pass."""
        return self._keys.get(self.debugger.frame.step.phase, "")

    @key.setter
    def key(self, key: str) -> None:
        self._keys[self.debugger.frame.step.phase] = key

    def show(self) -> None:
        """Draws everything anew, when the keys at hand are done."""
        raise NotImplementedError

    def tensors(self) -> tuple[Tensor, ...]:
        """The tensors of the current frame."""
        return tensors_of(self.debugger.frame)

    def selected(self) -> int:
        """Which of them is selected: the one with the key of before, where there is one."""
        keys = [tensor.key for tensor in self.tensors()]
        return keys.index(self.key) if self.key in keys else 0

    def tensor(self) -> Tensor:
        """The selected tensor."""
        return self.tensors()[self.selected()]

    def take_count(self) -> int:
        """The count that was typed before this key, 1 where there was none; it is used up."""
        count, self.typed = int(self.typed or "1"), ""
        return max(1, min(count, MOST_TIMES))

    def attempt(self, action: Callable[[], object]) -> bool:
        """Does something that may not be possible: then says why; draws anew in any case."""
        try:
            action()
        except NnstepError as error:
            self.notify(str(error), severity="warning")
            return False
        finally:
            self.show()
        return True

    def move(self, action: Callable[[], object], then: Callable[[], object] | None = None) -> None:
        """Moves the debugger where that is possible: in a thread where a student's layers run.

        Args:
            action: moves it; touches no widget.
            then: what to do after it, unless it failed.
        """
        self._apart(action, lambda error: self.attempt(lambda: _end(error, then)))

    def travel(self, move: Iterator[str], then: Callable[[], object] | None = None) -> None:
        """Goes on a move that may take long: at once where it is short, else in a thread that a key can stop.

        Args:
            move: yields where it is.
            then: what to do after it, unless it failed or was stopped.
        """
        if self.debugger.stack.keeper:
            self._travel_apart(move, then)
            return
        deadline = time.monotonic() + PATIENCE

        def finish(error: str | None) -> None:
            self.attempt(lambda: self.debugger.enter(self.debugger.cursor))
            if error:
                self.notify(error, severity="warning")
            elif then:
                then()
            self.show()

        try:
            for _ in move:
                if time.monotonic() > deadline:
                    self.app.push_screen(SeekingScreen(move), finish)
                    return
        except NnstepError as error:
            finish(str(error))
        else:
            finish("")

    def _travel_apart(self, move: Iterator[str], then: Callable[[], object] | None) -> None:
        stop = threading.Event()

        def go() -> None:
            try:
                for _ in move:
                    if stop.is_set():
                        break
            except NnstepError:
                self.debugger.come_back()
                raise
            self.debugger.enter(self.debugger.cursor)

        def finish(error: NnstepError | None) -> None:
            self.attempt(lambda: _end(error, None if stop.is_set() else then))

        self._apart(go, finish, stop)

    def _apart(self, action: Callable[[], object], finish: Finish, stop: threading.Event | None = None) -> None:
        self.app.apart.run(self.debugger.stack, action, finish, stop)


def _end(error: NnstepError | None, then: Callable[[], object] | None) -> None:
    """What follows an action: its error is raised, or what comes then is done."""
    if error is not None:
        raise error
    if then:
        then()
