"""What keeping a run on disk costs training, and how long a save takes, side by side in one run.

Usage: python benchmarks/autosave.py [DATA [EPOCHS]]     such as: python benchmarks/autosave.py mnist 20
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from nnstep import autosave
from nnstep.architecture import build_network
from nnstep.autosave import Autosave
from nnstep.branches import mebibytes
from nnstep.data import load_data
from nnstep.engines.base import choose_engine
from nnstep.runs import take_snapshot, write_snapshot
from nnstep.samples import Samples
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline
from nnstep.training import Trainer

ROUNDS = 3


def train(samples: Samples, epochs: int, path: str | None) -> tuple[float, int, Timeline]:
    """Trains for some epochs; returns the seconds that it took, and how often it was saved."""
    network = build_network()
    stack = Stack(network.layers, network.loss)
    engine, settings = choose_engine("auto", stack), Settings(0.1)
    engine.prepare(stack, samples)
    timeline = Timeline(stack, samples, engine, settings)
    saves: list[float] = []
    write = autosave.write_snapshot
    autosave.write_snapshot = lambda *words: (saves.append(time.perf_counter()), write(*words))  # type: ignore[assignment]
    began = time.perf_counter()
    saver = Autosave(path, {}, sys.exit) if path else None
    for progress in Trainer(stack, samples, engine, settings, timeline=timeline).run(epochs):
        if saver:
            saver.follow(timeline, progress.epoch_ended)
    if saver:
        saver.close(timeline)
    seconds = time.perf_counter() - began
    autosave.write_snapshot = write
    return seconds, len(saves), timeline


def main() -> None:
    samples = load_data(sys.argv[1] if len(sys.argv) > 1 else "samples").train
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = str(Path(folder) / "run.nnrun")
        plain, saved = [], []
        for _ in range(ROUNDS):
            plain.append(train(samples, epochs, None)[0])
            seconds, saves, timeline = train(samples, epochs, path)
            saved.append(seconds)
        takes, writes = [], []
        for _ in range(9):
            began = time.perf_counter()
            snapshot = take_snapshot(timeline, {})
            takes.append(1000 * (time.perf_counter() - began))
            write_snapshot(path, snapshot)
            writes.append(1000 * (time.perf_counter() - began))
        size = os.path.getsize(path)
    cost = statistics.median(saved) / statistics.median(plain) - 1
    print(f"{timeline.branch.head:,} samples in {epochs} epochs, engine {timeline.engine.name}, file {mebibytes(size)}")
    print(f"autosave costs {cost:+.1%} of {statistics.median(plain):.2f} s, {saves} saves")
    print(
        f"a snapshot takes {statistics.median(takes):.2f} ms, a save {statistics.median(writes):.0f} ms in its thread"
    )


if __name__ == "__main__":
    main()
