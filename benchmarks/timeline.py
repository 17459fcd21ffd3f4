"""Times travel in a whole run, and what recording it costs, side by side in one run.

Usage: python benchmarks/timeline.py [DATA [EPOCHS]]     such as: python benchmarks/timeline.py mnist 20
"""

from __future__ import annotations

import os
import statistics
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from nnstep.architecture import build_network
from nnstep.branches import mebibytes
from nnstep.data import load_data
from nnstep.engines.base import choose_engine
from nnstep.samples import Samples
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline
from nnstep.training import Trainer

VISITS = 200


def train(samples: Samples, epochs: int, record: bool) -> tuple[float, Timeline | None]:
    """Trains for some epochs; returns the seconds that it took."""
    network = build_network()
    stack = Stack(network.layers, network.loss)
    engine, settings = choose_engine("auto", stack), Settings(0.1)
    engine.prepare(stack, samples)
    timeline = Timeline(stack, samples, engine, settings) if record else None
    began = time.perf_counter()
    for _ in Trainer(stack, samples, engine, settings, timeline=timeline).run(epochs):
        pass
    return time.perf_counter() - began, timeline


def main() -> None:
    samples = load_data(sys.argv[1] if len(sys.argv) > 1 else "samples").train
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    plain, recorded = [], []
    for _ in range(3):
        plain.append(train(samples, epochs, False)[0])
        seconds, timeline = train(samples, epochs, True)
        recorded.append(seconds)
    assert timeline
    counts = np.random.default_rng(0).integers(0, timeline.branch.head, VISITS).tolist()
    times = []
    for count in counts:
        began = time.perf_counter()
        timeline.visit(timeline.position_of(count))
        times.append((time.perf_counter() - began) * 1000)
    cost = statistics.median(recorded) / statistics.median(plain) - 1
    print(
        f"{timeline.branch.head:,} positions, {len(timeline.branch.checkpoints)} checkpoints, engine "
        f"{timeline.engine.name}, {mebibytes(timeline.checkpoints_bytes)} of {mebibytes(timeline.budget)}"
    )
    print(f"recording costs {cost:+.1%} of {statistics.median(plain):.2f} s")
    print(
        f"{VISITS} random positions: median {statistics.median(times):.0f} ms, 95th percentile "
        f"{np.percentile(times, 95):.0f} ms, longest {max(times):.0f} ms"
    )


if __name__ == "__main__":
    main()
