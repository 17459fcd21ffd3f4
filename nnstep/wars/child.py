"""A contest in a process of its own, for an app that watches it; it stops when its input ends."""

from __future__ import annotations

import _thread
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from argparse import Namespace
from collections import deque

from nnstep.cli import run_or_say
from nnstep.signals import exit_code

PATIENCE = 20.0
INTERRUPTED = exit_code(signal.SIGINT)


class ContestProcess:
    """Starts and stops the process.

    Args:
        options: of the command `nnstep wars`.

    Attributes:
        stopping: it was asked to stop.
    """

    def __init__(self, options: Namespace) -> None:
        self._words = json.dumps(vars(options) | {"watch": False, "json": None})
        self._process: subprocess.Popen[str] | None = None
        self._said: deque[str] = deque(maxlen=1)
        self._listener = threading.Thread()
        self.stopping = False

    def start(self) -> None:
        """Begins the contest, or goes on with it."""
        self.close()
        process = subprocess.Popen(
            [sys.executable, "-m", "nnstep.wars.child", self._words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        assert process.stderr
        self._process, self.stopping = process, False
        self._listener = threading.Thread(target=self._said.extend, args=(process.stderr,), daemon=True)
        self._listener.start()

    @property
    def running(self) -> bool:
        """It is at work, or has not come to its end yet."""
        return self._process is not None and self._process.poll() is None

    @property
    def stopped(self) -> bool:
        """It was stopped before its end."""
        return self._process is not None and self._process.poll() == INTERRUPTED

    @property
    def failure(self) -> str:
        """The last line that it said before it failed; empty where it did not."""
        code = self._process.poll() if self._process else None
        if code in (None, 0, 1, INTERRUPTED):
            return ""
        self._listener.join(1)
        return self._said[-1].strip() if self._said else f"the contest's process ended with {code}"

    def stop(self) -> None:
        """Asks it to stop; it does so within a moment."""
        if self._process and self._process.stdin and not self.stopping:
            self.stopping = True
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def close(self) -> None:
        """Stops it and waits until it has ended; one that does not is killed."""
        self.stop()
        if self._process:
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._process.wait()
            self._listener.join(1)
            if self._process.stderr:
                self._process.stderr.close()


def main() -> int:
    """Runs the contest whose options are the one argument."""
    threading.Thread(target=_stop_with_input, daemon=True).start()
    return run_or_say(Namespace(**json.loads(sys.argv[1])))


def _stop_with_input() -> None:
    """Its input ends too when the app that holds the other end is gone, however that came."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    _thread.interrupt_main()


if __name__ == "__main__":
    sys.exit(main())
