"""A contest in a process of its own, for an app that watches it: it stops when its input ends, as when the app is gone."""

from __future__ import annotations

import _thread
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from argparse import Namespace
from typing import IO

from nnstep.cli import run_or_say
from nnstep.signals import exit_code


class ContestProcess:
    """Starts and stops the process.

    Args:
        options: of the command `nnstep wars`.
    """

    def __init__(self, options: Namespace) -> None:
        self._words = json.dumps(vars(options) | {"watch": False, "json": None})
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None

    def start(self) -> None:
        """Begins the contest, or goes on with it."""
        self.close()
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "nnstep.wars.child", self._words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
        )

    @property
    def running(self) -> bool:
        """It is at work, or has not come to its end yet."""
        return self._process is not None and self._process.poll() is None

    @property
    def stopped(self) -> bool:
        """It was stopped before its end."""
        return self._process is not None and self._process.poll() == exit_code(signal.SIGINT)

    @property
    def failure(self) -> str:
        """The last line that it said before it failed; empty where it did not."""
        if self._process is None or self._process.poll() in (None, 0, 1, exit_code(signal.SIGINT)) or not self._said:
            return ""
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").split("\n")
        told = [line for line in lines if line.strip()]
        return told[-1] if told else f"the contest's process ended with {self._process.poll()}"

    def stop(self) -> None:
        """Asks it to stop; it does so within a moment."""
        if self._process and self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def close(self, patience: float = 20.0) -> None:
        """Stops it and waits until it has ended; it is killed where that takes longer than so many seconds."""
        self.stop()
        if self._process:
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._said:
            self._said.close()
            self._said = None


def main() -> int:
    """Runs the contest whose options are the one argument."""
    threading.Thread(target=_stop_with_input, daemon=True).start()
    return run_or_say(Namespace(**json.loads(sys.argv[1])))


def _stop_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    _thread.interrupt_main()


if __name__ == "__main__":
    sys.exit(main())
