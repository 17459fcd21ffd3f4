"""What students' code prints: kept for the screen, while the prints of all other threads go where they always go."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TextIO

from nnstep.memory import limited_memory

KEPT_CHARACTERS = 65_536
STREAMS = ("stdout", "stderr", "stdin")


class Prints:
    """What the code printed, as much of its end as fits.

    Attributes:
        text: the end of it.
        count: how many characters it was altogether.
    """

    def __init__(self) -> None:
        self.text, self.count = "", 0
        self._taken = 0
        self._deaf = False

    def add(self, text: str) -> None:
        """Keeps some more of it."""
        if self._deaf:
            return
        self.count += len(text)
        self.text = (self.text + text)[-KEPT_CHARACTERS:]

    @contextmanager
    def unheard(self) -> Iterator[None]:
        """While it lasts, nothing is kept."""
        before, self._deaf = self._deaf, True
        try:
            yield
        finally:
            self._deaf = before

    def since(self, count: int) -> str:
        """What was printed after the first `count` characters."""
        return self.text[len(self.text) - min(self.count - count, len(self.text)) :]

    def take(self) -> str:
        """What was printed since this was asked last."""
        before, self._taken = self._taken, self.count
        return self.since(before)


_STUDENTS: dict[int, Prints] = {}
_LOCK = threading.Lock()


@contextmanager
def kept_by(prints: Prints) -> Iterator[None]:
    """While it lasts, what this thread prints is kept."""
    identity = threading.get_ident()
    _STUDENTS[identity] = prints
    try:
        yield
    finally:
        _STUDENTS.pop(identity, None)


def _prints_of_this_thread() -> Prints | None:
    """Where to keep what this thread prints: one that a student's code started is the student's as well."""
    prints = _STUDENTS.get(threading.get_ident())
    if prints is None and _STUDENTS and threading.current_thread() is not threading.main_thread():
        prints = next(reversed(list(_STUDENTS.values())), None)  # the newest: older ones may have been left behind
    return prints


class _Divided(io.TextIOBase):
    """An output that keeps what students' threads print, and hands on what all others do."""

    def __init__(self, others: TextIO) -> None:
        self.others = others

    def write(self, text: str) -> int:
        prints = _prints_of_this_thread()
        if prints is None:
            return self.others.write(text)
        prints.add(str(text))
        return len(text)

    def flush(self) -> None:
        if _prints_of_this_thread() is None:
            self.others.flush()

    def isatty(self) -> bool:
        return _prints_of_this_thread() is None and self.others.isatty()

    def fileno(self) -> int:
        return self.others.fileno()


class _Streams:
    """The process's streams while student code runs, however many threads of it there are."""

    depth = 0
    memory: AbstractContextManager[None] = nullcontext()
    before: tuple[Any, Any, Any] = (None, None, None)
    ours: tuple[Any, Any, Any] = (None, None, None)


def undo_other_streams() -> None:
    """Puts the streams back that a student's code took others for; `None` would let every later print fail."""
    with _LOCK:
        if _Streams.depth:
            for name, ours in zip(STREAMS, _Streams.ours, strict=True):
                setattr(sys, name, ours)


@contextmanager
def divided_streams() -> Iterator[None]:
    """Keeps what students' threads print, gives them nothing to read (`input()` raises EOFError), and limits memory."""
    with _LOCK:
        if _Streams.depth == 0:
            _Streams.memory = limited_memory()
            _Streams.memory.__enter__()
            _Streams.before = sys.stdout, sys.stderr, sys.stdin
            _Streams.ours = _Divided(sys.stdout), _Divided(sys.stderr), io.StringIO("")
            sys.stdout, sys.stderr, sys.stdin = _Streams.ours
        _Streams.depth += 1
    try:
        yield
    finally:
        with _LOCK:
            _Streams.depth -= 1
            if _Streams.depth == 0:
                _Streams.memory.__exit__(None, None, None)
                for name, before, ours in zip(STREAMS, _Streams.before, _Streams.ours, strict=True):
                    if getattr(sys, name) is ours:
                        setattr(sys, name, before)
