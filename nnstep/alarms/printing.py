"""Prints the alarms of a run to standard error as they come, each once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nnstep.alarms.monitor import Monitor


@contextmanager
def printed(monitor: Monitor | None) -> Iterator[Callable[[], None]]:
    """A function that prints the alarms that are new since its last call; at the end the last ones are printed too."""
    shown = 0

    def print_new() -> None:
        nonlocal shown
        if monitor:
            for alarm in monitor.alarms[shown:]:
                print(alarm.text(), file=sys.stderr, flush=True)
            shown = len(monitor.alarms)

    try:
        yield print_new
    finally:
        print_new()
        if monitor and monitor.trouble:
            print(f"nnstep: no more alarms, since a look at the network failed: {monitor.trouble}", file=sys.stderr)
