"""Times the reference network, one sample at a time, side by side in one run, and prints a table for the README.

Usage: python benchmarks/engines.py [SAMPLES]
"""

from __future__ import annotations

import ctypes
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from nnstep.architecture import build_network
from nnstep.data import load_data
from nnstep.engines.base import Engine
from nnstep.engines.numba_engine import NumbaEngine
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.samples import Samples
from nnstep.stack import Stack

RATE, ROUNDS = 0.1, 5
Contender = Callable[[Samples], object]


def homework(samples: Samples) -> None:
    """The usual library-free program: (1, n) rows, classes left out, new arrays for each update."""
    x, y = samples.inputs(slice(None)), samples.targets(slice(None))
    network = build_network()
    W = [network.layers[i].parameters["weights"] for i in (0, 2, 4)]
    b = [np.zeros((1, w.shape[1])) for w in W]
    for i in range(len(x)):
        inputs, sums = [x[i : i + 1]], []
        for w, c in zip(W, b, strict=True):
            sums.append(np.dot(inputs[-1], w) + c)
            inputs.append(np.tanh(sums[-1]))
        np.mean(np.power(y[i : i + 1] - inputs[-1], 2))
        g = 2 * (inputs[-1] - y[i : i + 1]) / 10
        for k in (2, 1, 0):
            g = g * (1 - np.tanh(sums[k]) ** 2)
            back = np.dot(g, W[k].T)
            W[k] -= RATE * np.dot(inputs[k].T, g)
            b[k] -= RATE * g
            g = back


def with_engine(engine: Engine, dtype: type) -> Contender:
    def run(samples: Samples) -> object:
        network = build_network(dtype=dtype)
        return engine.run(Stack(network.layers, network.loss), samples, np.arange(len(samples)), RATE)

    return run


def in_c(real: str, folder: str) -> Contender:
    """Builds reference.c for double or float."""
    source, library = Path(__file__).with_name("reference.c"), f"{folder}/{real}.so"
    tanh = "tanh" if real == "double" else "tanhf"
    flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC", f"-DREAL={real}", f"-DTANH={tanh}"]
    subprocess.run(["cc", *flags, str(source), "-o", library, "-lm"], check=True)
    train = ctypes.CDLL(library).train
    train.restype = ctypes.c_double
    dtype = np.float64 if real == "double" else np.float32
    rate = ctypes.c_double(RATE) if real == "double" else ctypes.c_float(RATE)

    def run(samples: Samples) -> object:
        arrays = [a for layer in build_network(dtype=dtype).layers for a in layer.parameters.values()]
        flat = np.concatenate([array.ravel() for array in arrays])
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (flat, samples.pixels, samples.labels)]
        return train(*pointers, ctypes.c_long(len(samples)), rate)

    return run


def pytorch(samples: Samples) -> None:
    """Eager, with torch.optim.SGD, one sample at a time."""
    import torch

    torch.set_num_threads(1)
    x, y = torch.tensor(samples.inputs(slice(None))), torch.tensor(samples.targets(slice(None)))
    parts: list[torch.nn.Module] = []
    for n, m in ((784, 128), (128, 64), (64, 10)):
        parts += [torch.nn.Linear(n, m, dtype=torch.float64), torch.nn.Tanh()]
    network = torch.nn.Sequential(*parts)
    optimizer = torch.optim.SGD(network.parameters(), RATE)
    for i in range(len(x)):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(network(x[i : i + 1]), y[i : i + 1]).backward()
        optimizer.step()


def contenders(folder: str) -> dict[str, Contender]:
    found: dict[str, Contender] = {
        "homework's usual code": homework,
        "nnstep, numpy engine": with_engine(NumpyEngine(), np.float64),
        "nnstep, numba engine": with_engine(NumbaEngine(), np.float64),
        "nnstep, numba engine, float32": with_engine(NumbaEngine(), np.float32),
    }
    if shutil.which("cc"):
        found |= {"C": in_c("double", folder), "C, float32": in_c("float", folder)}
    try:
        import torch  # noqa: F401

        found["PyTorch, eager"] = pytorch
    except ImportError:
        print("PyTorch is not installed: left out", file=sys.stderr)
    return found


def main() -> None:
    samples = load_data("samples", int(sys.argv[1]) if len(sys.argv) > 1 else 2000).train
    with tempfile.TemporaryDirectory() as folder:
        found = contenders(folder)
        times: dict[str, list[float]] = {name: [] for name in found}
        for run in found.values():
            run(samples.first(50))
        for _ in range(ROUNDS):
            for name, run in found.items():
                began = time.perf_counter()
                run(samples)
                times[name].append((time.perf_counter() - began) / len(samples) * 1e6)
    base = statistics.median(times["homework's usual code"])
    print("| one sample at a time | µs per sample | as fast as the homework's code |\n| --- | --- | --- |")
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"| {name} | {middle:.1f} | {base / middle:.1f} × |")


if __name__ == "__main__":
    main()
