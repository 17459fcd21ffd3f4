"""What watching a run costs, side by side in one run, and which alarms sick and healthy set-ups raise.

Usage: python benchmarks/alarms.py [DATA [EPOCHS]]     such as: python benchmarks/alarms.py mnist 20
"""

from __future__ import annotations

import os
import statistics
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from dataclasses import dataclass

import numpy as np

from nnstep.alarms.monitor import Monitor
from nnstep.architecture import DEFAULT_LAYERS, build_network
from nnstep.data import load_data
from nnstep.engines.base import choose_engine
from nnstep.errors import NnstepError
from nnstep.samples import Samples
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.training import Trainer

ROUNDS = 5
RELU, SIGMOID = "784,128,relu,64,relu,10", "784,128,sigmoid,64,sigmoid,10,sigmoid"
DEEP = "784," + "64,sigmoid," * 11 + "10,sigmoid"


@dataclass(frozen=True)
class SetUp:
    """A network and how it is trained."""

    name: str
    layers: str = DEFAULT_LAYERS
    init: str = "lecun"
    settings: Settings = Settings(0.1)
    seed: int = 0
    dtype: str = "float64"
    bias: float = 0.0
    raw: bool = False


HEALTHY = (
    SetUp("reference"),
    SetUp("seed 1", seed=1),
    SetUp("seed 2", seed=2),
    SetUp("float32", dtype="float32"),
    SetUp("batches of 32, rate 0.5", settings=Settings(0.5, 32)),
    SetUp("shuffled", settings=Settings(0.1, 1, True)),
    SetUp("relu, he", RELU, "he"),
    SetUp("relu, he, rate 0.05, seed 3", RELU, "he", Settings(0.05), 3),
    SetUp("sigmoid, rate 1", SIGMOID, settings=Settings(1.0)),
    SetUp("sigmoid", SIGMOID),
)
SICK = (
    SetUp("weights from 0 to 1", init="uniform01"),
    SetUp("rate 10", settings=Settings(10)),
    SetUp("pixels of 0 to 255", raw=True),
    SetUp("relu, biases -10", RELU, "he", bias=-10),
    SetUp("12 layers of sigmoid", DEEP),
)


def train(set_up: SetUp, samples: Samples, epochs: int, watch: bool = True) -> tuple[float, Monitor | None]:
    """Trains for some epochs, or until it diverges; returns the seconds that it took."""
    if set_up.raw:
        samples = Samples(samples.pixels.astype(float), samples.labels, samples.shape)
    network = build_network(set_up.layers, "mse", set_up.init, set_up.seed, set_up.dtype)
    for layer in network.layers:
        if "bias" in layer.parameters:
            layer.parameters["bias"][...] = set_up.bias
    stack = Stack(network.layers, network.loss)
    engine = choose_engine("auto", stack)
    engine.prepare(stack, samples)
    monitor = Monitor(stack, samples) if watch else None
    began = time.perf_counter()
    try:
        for _ in Trainer(stack, samples, engine, set_up.settings, monitor=monitor).run(epochs):
            pass
    except NnstepError as error:
        print(f"    {error}")
    return time.perf_counter() - began, monitor


def main() -> None:
    samples = load_data(sys.argv[1] if len(sys.argv) > 1 else "samples").train
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    plain, watched = [], []
    for _ in range(ROUNDS):
        plain.append(train(SetUp("reference"), samples, epochs, False)[0])
        watched.append(train(SetUp("reference"), samples, epochs)[0])
    ratios = np.array(watched) / plain - 1
    print(
        f"watching costs {statistics.median(watched) / statistics.median(plain) - 1:+.1%} of "
        f"{statistics.median(plain):.2f} s ({', '.join(f'{ratio:+.1%}' for ratio in ratios)} in {ROUNDS} pairs)"
    )
    for set_up in HEALTHY:
        _, monitor = train(set_up, samples, epochs)
        show("healthy", set_up, monitor)
    for set_up in SICK:
        _, monitor = train(set_up, samples.first(1000), 1)
        show("sick", set_up, monitor)


def show(kind: str, set_up: SetUp, monitor: Monitor | None) -> None:
    """A line for a set-up, and one for each of its alarms."""
    assert monitor
    print(f"{kind:8}{set_up.name:28}{len(monitor.alarms) or 'no'} alarms")
    for alarm in monitor.alarms:
        follows = f"   follows from {alarm.follows}" if alarm.follows else ""
        print(f"    {alarm.position}   {alarm.id}   {alarm.evidence}{follows}")


if __name__ == "__main__":
    main()
