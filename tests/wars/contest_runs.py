"""Contests on a few digits for the tests, and the command as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SMALL = """
limit = 200
test_limit = 100
epochs = 2
seeds = 2

[defaults]
engine = "numpy"

[[contender]]
name = "good"
layers = "784,16,tanh,10,tanh"

[[contender]]
name = "wild"
layers = "784,16,relu,10,identity"
learning_rate = 50.0

[[contender]]
name = "adam"
layers = "784,16,relu,dropout 0.1,10,softmax"
loss = "cross_entropy"
optimizer = "adam"
learning_rate = 0.01
batch_size = 8
shuffle = true
augment = "shift:1"
schedule = "cosine:2"

[[contender]]
name = "broad"
layers = "784,512,tanh,10,tanh"
"""
LONG = """
limit = 2000
test_limit = 100
epochs = 25
[defaults]
engine = "numpy"
[grid]
layers = "784,{hidden},tanh,10,tanh"
hidden = [64, 65, 66, 67, 68, 69]
"""


def start(*words: object, before: str = "", **more: Any) -> subprocess.Popen[str]:
    """The command, begun; `before` is what the shell does first, such as setting a limit."""
    command = [sys.executable, "-m", "nnstep", "wars", *map(str, words)]
    if before:
        command = ["sh", "-c", f'{before}; exec "$@"', "sh", *command]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, standard output and errors."""
    try:
        out, err = process.communicate(timeout=200)
    finally:
        process.kill()  # one that hangs is left to nobody
    return process.returncode, out, err


def report_of(path: Path) -> dict[str, Any]:
    """A JSON report."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def outcomes(report: dict[str, Any]) -> dict[tuple[str, int], tuple[Any, ...]]:
    """What has to be equal wherever it ran: errors and scores of each contender and seed."""
    return {
        (entry["name"], run["seed"]): (run["errors"], run["test"], run["why"])
        for entry in (*report["leaderboard"], *report["lost"])
        for run in entry["runs"]
    }


def kill_one_worker(results: Path, process: subprocess.Popen[str]) -> int:
    """Kills the process of the first job that reports itself, and returns its number."""
    folder = Path(f"{results}.running")
    while process.poll() is None:
        for path in folder.glob("*.json"):
            try:
                pid = json.loads(path.read_text())["pid"]
                os.kill(pid, signal.SIGKILL)
                return int(pid)
            except (OSError, ValueError):
                continue
        time.sleep(0.005)
    raise AssertionError(f"the contest was over before: {process.communicate()}")
