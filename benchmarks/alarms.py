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


def trainer_of(set_up: SetUp, samples: Samples, watch: bool = True) -> Trainer:
    """What trains a set-up, with or without a monitor."""
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
    return Trainer(stack, samples, engine, set_up.settings, monitor=monitor)


def train(trainer: Trainer, epochs: int) -> float:
    """Trains to the end of an epoch, or until it diverges; returns the processor's seconds that it took."""
    began = time.process_time()
    try:
        for _ in trainer.run(epochs):
            pass
    except NnstepError as error:
        print(f"    {error}")
    return time.process_time() - began


def measure(samples: Samples, epochs: int) -> tuple[float, float]:
    """The seconds of the reference run without and with a monitor, in turns of an epoch: both are disturbed alike."""
    plain, watched = (trainer_of(SetUp("reference"), samples, watch) for watch in (False, True))
    seconds = np.zeros(2)
    for epoch in range(1, epochs + 1):
        pair = [(0, plain), (1, watched)]
        for index, trainer in pair if epoch % 2 else pair[::-1]:
            seconds[index] += train(trainer, epoch)
    return float(seconds[0]), float(seconds[1])


def main() -> None:
    samples = load_data(sys.argv[1] if len(sys.argv) > 1 else "samples").train
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    pairs = [measure(samples, epochs) for _ in range(ROUNDS)]
    ratios = [watched / plain - 1 for plain, watched in pairs]
    print(
        f"watching costs {statistics.median(ratios):+.1%} of {statistics.median(plain for plain, _ in pairs):.2f} s "
        f"({', '.join(f'{ratio:+.1%}' for ratio in ratios)} in {ROUNDS} pairs)"
    )
    for set_up in HEALTHY:
        trainer = trainer_of(set_up, samples)
        train(trainer, epochs)
        show("healthy", set_up, trainer.monitor)
    for set_up in SICK:
        trainer = trainer_of(set_up, samples.first(1000))
        train(trainer, 1)
        show("sick", set_up, trainer.monitor)


def show(kind: str, set_up: SetUp, monitor: Monitor | None) -> None:
    """A line for a set-up, and one for each of its alarms."""
    assert monitor
    print(f"{kind:8}{set_up.name:28}{len(monitor.alarms) or 'no'} alarms")
    for alarm in monitor.alarms:
        follows = f"   follows from {alarm.follows}" if alarm.follows else ""
        print(f"    {alarm.position}   {alarm.id}   {alarm.evidence}{follows}")


if __name__ == "__main__":
    main()
