"""Prints the alarms of a run to standard error as they come, each once."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nnstep.alarms.monitor import Monitor

PATIENCE = 0.5


@contextmanager
def printed(monitor: Monitor | None) -> Iterator[Callable[[bool], None]]:
    """A function that prints the alarms that are new since its last call; at the end the last ones are printed too.

    It waits for the first half second unless it is told not to: where training fails at once, that error is all there
    is to say, and names the first alarm.
    """
    shown, began = 0, time.perf_counter()

    def print_new(now: bool = False) -> None:
        nonlocal shown
        if monitor and (now or time.perf_counter() - began > PATIENCE):
            for alarm in monitor.alarms[shown:]:
                print(alarm.text(), file=sys.stderr, flush=True)
            shown = len(monitor.alarms)

    yield print_new
    print_new(True)
    if monitor and monitor.trouble:
        print(f"nnstep: no more alarms, since a look at the network failed: {monitor.trouble}", file=sys.stderr)
