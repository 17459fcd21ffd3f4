"""Times convolutional networks, nnstep's engines and PyTorch side by side in one run, one thread each.

Usage: taskset -c 0 python benchmarks/convolution.py [SAMPLES]
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from nnstep.architecture import build_network
from nnstep.data import load_data
from nnstep.engines.numba_engine import NumbaEngine
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.samples import Samples
from nnstep.settings import Settings
from nnstep.stack import Stack

RATE, BATCH, ROUNDS = 0.01, 32, 5
NETWORKS = (
    "28x28,conv 8 3x3,relu,maxpool 2,flatten,64,relu,10",
    "28x28,conv 8 5x5,relu,maxpool 2,conv 16 5x5,relu,maxpool 2,flatten,64,relu,10",
    "28x28,conv 16 3x3 pad same,relu,avgpool 2,conv 32 3x3 pad same,relu,maxpool 2,flatten,10",
)
Contender = Callable[[Samples], object]


def engine(name: str, layers: str, dtype: Any, optimizer: str) -> Contender:
    network = build_network(layers, "softmax_cross_entropy", dtype=dtype)
    stack = Stack(network.layers, network.loss)
    stack.use_rule(Settings(optimizer=optimizer).rule)
    chosen = NumbaEngine() if name == "numba" else NumpyEngine()
    return lambda samples: chosen.run(stack, samples, np.arange(len(samples)), RATE, BATCH)


def pytorch(layers: str, dtype: Any, optimizer: str) -> Contender:
    import torch

    torch.set_num_threads(1)
    kind = torch.float32 if dtype == np.float32 else torch.float64
    model = torch.nn.Sequential(*_modules(torch, layers)).to(kind)
    optim = (
        torch.optim.Adam(model.parameters(), RATE) if optimizer == "adam" else torch.optim.SGD(model.parameters(), RATE)
    )
    entropy = torch.nn.CrossEntropyLoss()

    def run(samples: Samples) -> None:
        for start in range(0, len(samples), BATCH):
            rows = slice(start, start + BATCH)
            x = torch.from_numpy(samples.inputs(rows, dtype)).reshape(-1, 1, *samples.shape)
            y = torch.from_numpy(samples.labels[rows].astype(np.int64))
            optim.zero_grad()
            entropy(model(x), y).backward()
            optim.step()

    return run


def _modules(torch: Any, layers: str) -> list[Any]:
    """The same network of PyTorch's modules."""
    nn, found = torch.nn, []
    for layer in build_network(layers).layers:
        words = repr(layer).split()
        if words[0] == "conv":
            kernel, padding = layer.kernel, layer.padding  # type: ignore[attr-defined]
            found.append(nn.Conv2d(layer.picture[2], len(layer.bias), kernel, padding=padding))  # type: ignore[attr-defined]
        elif words[0] == "affine":
            found.append(nn.Linear(int(words[1]), int(words[3])))
        else:
            found.append(
                {
                    "relu": nn.ReLU,
                    "flatten": nn.Flatten,
                    "maxpool": lambda: nn.MaxPool2d(2),
                    "avgpool": lambda: nn.AvgPool2d(2),
                }[words[0]]()
            )
    return found


def measure(samples: Samples, contenders: dict[str, Contender]) -> dict[str, float]:
    """Microseconds per sample, the median of all rounds; contenders take turns in each round."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for contender in contenders.values():
        contender(samples.first(4 * BATCH))
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            began = time.perf_counter()
            contender(samples)
            times[name].append((time.perf_counter() - began) / len(samples) * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    samples = load_data("samples", int(sys.argv[1]) if len(sys.argv) > 1 else 1600).train
    print("| network, batches of 32 | numbers | optimizer | numpy µs | numba µs | PyTorch µs | numba / PyTorch |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for layers in NETWORKS:
        for dtype in (np.float64, np.float32):
            for optimizer in ("sgd", "adam"):
                contenders = {name: engine(name, layers, dtype, optimizer) for name in ("numpy", "numba")}
                times = measure(samples, contenders | {"torch": pytorch(layers, dtype, optimizer)})
                shown = " | ".join(f"{times[name]:.0f}" for name in ("numpy", "numba", "torch"))
                ratio = times["numba"] / times["torch"]
                print(f"| `{layers}` | {np.dtype(dtype).name} | {optimizer} | {shown} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
