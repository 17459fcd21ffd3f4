"""Requests to stop from outside: Ctrl-C, SIGTERM, and SIGHUP when the terminal is closed."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def stop_requests() -> Iterator[list[int]]:
    """A list that has the number of each signal that asks to stop; a second Ctrl-C interrupts at once."""
    requests: list[int] = []

    def request(number: int, frame: object) -> None:
        if requests and number == signal.SIGINT:
            raise KeyboardInterrupt
        requests.append(number)
        leave_closed_terminal()

    with handled_by(request):
        yield requests


def leave_closed_terminal() -> None:
    """What is written to a terminal that was closed goes nowhere, so that saving does not fail on a line of text."""
    for number in (1, 2):
        try:
            if stat.S_ISCHR(os.fstat(number).st_mode) and not os.isatty(number):
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        except OSError:
            continue


class Interrupted(KeyboardInterrupt):
    """A signal asked to stop.

    Attributes:
        number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def interrupting() -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP raise `Interrupted`; those that follow do nothing, but for a second Ctrl-C."""
    requests: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        first = not requests
        requests.append(number)
        if first or number == signal.SIGINT:
            raise Interrupted(number)

    with handled_by(interrupt):
        yield


@contextmanager
def handled_by(handler: Callable[[int, Any], object]) -> Iterator[None]:
    """All signals that ask to stop go to this handler; SIGHUP does not where it is ignored, as under nohup."""
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        numbers.remove(signal.SIGHUP)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)


@contextmanager
def held_back() -> Iterator[None]:
    """Ctrl-C and SIGHUP wait; processes that are started meanwhile never take them, and end when they are told to."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def exit_code(number: int) -> int:
    """What a shell shows for a command that a signal ended: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
    return 128 + number
