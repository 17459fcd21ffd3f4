"""Kills a training command with SIGKILL at random moments, and opens what it has left on disk each time.

Usage: python benchmarks/kills.py [KILLS [SEED]]     200 kills unless told otherwise
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from nnstep.architecture import build_network
from nnstep.data import load_data
from nnstep.engines.base import Engine, choose_engine
from nnstep.errors import NnstepError
from nnstep.runs import open_run, read_run
from nnstep.samples import Samples
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline

LIMIT = 2000
LONGEST_SECONDS = 1.5


def start(path: Path) -> subprocess.Popen[str]:
    words = ["train", "--limit", str(LIMIT), "--epochs", "100000", "--autosave", str(path)]
    command = [sys.executable, "-u", "-m", "nnstep", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def new_stack() -> Stack:
    network = build_network()
    return Stack(network.layers, network.loss)


def whole_run(samples: Samples, engine: Engine, known: Timeline, count: int) -> None:
    """Trains a run that nobody interrupts up to a count."""
    while known.count < count:
        known.train(count - known.count)


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    generator = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    samples, stack = load_data("samples", LIMIT).train, new_stack()
    engine = choose_engine("auto", stack)
    engine.prepare(stack, samples)
    known = Timeline(stack, samples, engine, Settings(0.1), budget=1024 * 2**20)
    opened, early, reached, lost = 0, 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.nnrun"
        for kill in range(kills):
            path.unlink(missing_ok=True)
            process = start(path)
            assert process.stdout
            first = process.stdout.readline() if generator.random() < 0.9 else ""
            time.sleep(generator.uniform(0, LONGEST_SECONDS))
            os.kill(process.pid, signal.SIGKILL)
            lines = [
                line for line in (first + process.communicate()[0]).splitlines() if line.startswith("Training epoch")
            ]
            printed = int(lines[-1].split()[2].split("/")[0]) if lines else 0
            if not path.exists():
                assert not printed, f"kill {kill}: epoch {printed} was printed, and there is no file"
                early += 1
                continue
            try:
                timeline = open_run(read_run(str(path)), new_stack(), samples, engine)
            except NnstepError as error:
                sys.exit(f"kill {kill}: {error}")
            assert timeline.count >= printed * LIMIT, f"kill {kill}: epoch {printed} was printed and is lost"
            whole_run(samples, engine, known, timeline.count)
            known.go_to(known.branch, timeline.count)
            same = np.array_equal(timeline.branch.log.losses, known.branch.log.losses[: timeline.count])
            for ours, theirs in zip(timeline.stack.snapshot(), known.stack.snapshot(), strict=True):
                same = same and all(np.array_equal(ours[name], theirs[name]) for name in theirs)
            assert same, f"kill {kill}: what was saved is not what was trained"
            known.go_to_head()
            opened, reached = opened + 1, max(reached, timeline.count // LIMIT)
            lost.append(timeline.count // LIMIT - printed)
        left = [other for other in Path(folder).iterdir() if other != path]
    print(
        f"{kills} kills: {opened} files opened, each bit for bit a run that was not interrupted; "
        f"{early} came before the first epoch's end\n"
        f"the longest run had come {reached} epochs; files were {min(lost, default=0)} to {max(lost, default=0)} "
        f"epochs ahead of the last line printed; {len(left)} unfinished files left beside them"
    )


if __name__ == "__main__":
    main()
