"""Ends the app in a terminal of its own from outside: the run is kept, and the terminal is as it was."""

import fcntl
import json
import os
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnstep.runs import read_run

pty = pytest.importorskip("pty")
LEFT_ALTERNATE_SCREEN, CURSOR_SHOWN, MOUSE_OFF = b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l"

TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


class Terminal:
    """The app in a pseudo-terminal of 80 × 24; what it writes is collected.

    Attributes:
        written: all of it so far.
    """

    def __init__(self, folder: Path, *words: str) -> None:
        (folder / "nnstep").mkdir()
        (folder / "nnstep" / "welcomed").touch()
        self._folder = folder
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self._theirs, self._before = theirs, termios.tcgetattr(theirs)
        command = [sys.executable, "-c", TAKE_TERMINAL]
        command += ["-m", "nnstep", *words, "--limit", "300", "--epochs", "100000", "--engine", "numpy"]
        environment = os.environ | {"XDG_STATE_HOME": str(folder), "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        self.written = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def saw(self, text: bytes) -> None:
        self._until(lambda: text in self.written, f"{text!r} on the screen")

    def kept_run(self) -> Path:
        """The file of the run, once there is one."""
        self._until(lambda: bool(self._runs()), "a saved run")
        return self._runs()[0]

    def close(self) -> None:
        """The window is closed: the process gets SIGHUP, and nothing that it writes goes anywhere."""
        os.close(self._theirs)
        os.close(self._ours)

    def modes_are_as_before(self) -> bool:
        return termios.tcgetattr(self._theirs) == self._before

    def _runs(self) -> list[Path]:
        return list((self._folder / "nnstep" / "runs").glob("*.nnrun"))

    def _until(self, condition: object, what: str) -> None:
        assert callable(condition)
        for _ in range(1200):
            if condition():
                return
            time.sleep(0.05)
        raise AssertionError(f"waited too long for {what}")

    def _read(self) -> None:
        while True:
            try:
                self.written += os.read(self._ours, 65536)
            except OSError:
                return


@pytest.fixture
def training(tmp_path: Path) -> Iterator[Terminal]:
    """The app while it trains, with the run on disk once."""
    terminal = Terminal(tmp_path)
    try:
        terminal.saw(b"affine")
        terminal.type(b"t")
        terminal.kept_run()
        yield terminal
    finally:
        terminal.process.kill()
        terminal.process.wait()


@pytest.mark.parametrize(("ending", "code"), [("ctrl-c", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_it_saves_leaves_and_puts_the_terminal_back(ending: str, code: int, training: Terminal) -> None:
    if ending == "ctrl-c":
        training.type(b"\x03")
    else:
        training.process.send_signal(getattr(signal, ending))
    assert training.process.wait(60) == code
    training.saw(LEFT_ALTERNATE_SCREEN)
    assert CURSOR_SHOWN in training.written and MOUSE_OFF in training.written
    assert training.modes_are_as_before()
    path = training.kept_run()
    assert read_run(str(path)).meta["samples"] == 300
    assert path.name.encode() in training.written.replace(b"\r\n", b"")
    assert b"Traceback" not in training.written


def test_a_closed_terminal_loses_no_run(training: Terminal) -> None:
    training.close()
    assert training.process.wait(60) == 129
    assert read_run(str(training.kept_run())).meta["samples"] == 300


def test_a_closed_terminal_loses_nothing_of_training_without_a_screen(tmp_path: Path) -> None:
    weights, report = tmp_path / "w.npz", tmp_path / "r.json"
    terminal = Terminal(tmp_path, "train", "--save", str(weights), "--json", str(report))
    try:
        terminal.saw(b"Training epoch 2/")
        terminal.close()
        assert terminal.process.wait(60) == 129
    finally:
        terminal.process.kill()
        terminal.process.wait()
    assert weights.exists() and json.loads(report.read_text())["interrupted"]
