"""Times the reference network side by side in one run, and prints the tables for the README.

One thread each: run it pinned to one core, `taskset -c 0 python benchmarks/engines.py`, for the frameworks' sake.

Usage: python benchmarks/engines.py [SAMPLES]
"""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from nnstep.architecture import build_network
from nnstep.data import load_data
from nnstep.engines.base import Engine
from nnstep.engines.numba_engine import NumbaEngine
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.samples import Samples
from nnstep.stack import Stack

RATE, ROUNDS = 0.1, 7
SIZES = (784, 128, 64, 10)
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


def with_engine(engine: Engine, dtype: type, batch: int = 1) -> Contender:
    def run(samples: Samples) -> object:
        network = build_network(dtype=dtype)
        return engine.run(Stack(network.layers, network.loss), samples, np.arange(len(samples)), RATE, batch)

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
        flat = at_cache_line(np.concatenate([array.ravel() for array in arrays]))
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (flat, samples.pixels, samples.labels)]
        return train(*pointers, ctypes.c_long(len(samples)), rate)

    return run


def at_cache_line(array: np.ndarray) -> np.ndarray:
    """A copy that begins at a cache line, as nnstep's own does: it is worth up to a fifth of the time."""
    room = np.empty(array.size + 64, array.dtype)
    offset = -room.ctypes.data % 64 // array.itemsize
    room[offset : offset + array.size] = array
    return room[offset : offset + array.size]


def pytorch(dtype: str, batch: int) -> Contender:
    """Eager, with torch.optim.SGD."""

    def run(samples: Samples) -> None:
        import torch

        torch.set_num_threads(1)
        real = getattr(torch, dtype)
        x, y = torch.tensor(samples.inputs(slice(None), dtype)), torch.tensor(samples.targets(slice(None), dtype))
        parts: list[torch.nn.Module] = []
        for n, m in itertools.pairwise(SIZES):
            parts += [torch.nn.Linear(n, m, dtype=real), torch.nn.Tanh()]
        network = torch.nn.Sequential(*parts)
        optimizer = torch.optim.SGD(network.parameters(), RATE)
        for i in range(0, len(x), batch):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(network(x[i : i + batch]), y[i : i + batch]).backward()
            optimizer.step()

    return run


def jax_scan(batch: int) -> Contender:
    """The whole epoch as one compiled scan, float32; compiled before it is timed."""
    import jax
    import jax.numpy as jnp

    def loss(parameters: list[Any], x: Any, y: Any) -> Any:
        for w, b in parameters:
            x = jnp.tanh(x @ w + b)
        return jnp.mean((y - x) ** 2)

    def step(parameters: list[Any], sample: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(parameters, *sample)
        return jax.tree.map(lambda p, g: p - RATE * g, parameters, gradients), value

    epoch = jax.jit(lambda parameters, x, y: jax.lax.scan(step, parameters, (x, y)))

    def run(samples: Samples) -> None:
        whole = len(samples) // batch
        x = samples.inputs(slice(0, whole * batch), np.float32).reshape(whole, batch, -1)
        y = samples.targets(slice(0, whole * batch), np.float32).reshape(whole, batch, -1)
        layers = build_network(dtype=np.float32).layers[::2]
        parameters = [(layer.parameters["weights"], layer.parameters["bias"]) for layer in layers]
        jax.block_until_ready(epoch(parameters, x, y))

    return run


def keras_fit(batch: int) -> Contender:
    """Keras on JAX, `fit` without a progress bar, float32."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    layers = [keras.Input((SIZES[0],)), *(keras.layers.Dense(n, "tanh") for n in SIZES[1:])]
    network = keras.Sequential(layers)
    network.compile(optimizer=keras.optimizers.SGD(RATE), loss="mse")

    def run(samples: Samples) -> None:
        x, y = samples.inputs(slice(None), np.float32), samples.targets(slice(None), np.float32)
        network.fit(x, y, batch_size=batch, shuffle=False, verbose=0)

    return run


def contenders(folder: str) -> dict[str, dict[str, Contender]]:
    numpy, numba = NumpyEngine(), NumbaEngine()
    single: dict[str, Contender] = {
        "homework's usual code": homework,
        "nnstep, numpy engine": with_engine(numpy, np.float64),
        "nnstep, numba engine": with_engine(numba, np.float64),
        "nnstep, numba engine, float32": with_engine(numba, np.float32),
    }
    batches: dict[str, Contender] = {
        "nnstep, numpy engine": with_engine(numpy, np.float64, 64),
        "nnstep, numba engine": with_engine(numba, np.float64, 64),
        "nnstep, numpy engine, float32": with_engine(numpy, np.float32, 64),
        "nnstep, numba engine, float32": with_engine(numba, np.float32, 64),
    }
    if shutil.which("cc"):
        single |= {"C": in_c("double", folder), "C, float32": in_c("float", folder)}
    if importlib.util.find_spec("jax"):
        single["JAX, compiled scan, float32"] = jax_scan(1)
        batches["JAX, compiled scan, float32"] = jax_scan(64)
    if importlib.util.find_spec("keras"):
        batches["Keras on JAX, float32"] = keras_fit(64)
    if importlib.util.find_spec("torch"):
        single["PyTorch, eager"] = pytorch("float64", 1)
        batches |= {"PyTorch, eager": pytorch("float64", 64), "PyTorch, eager, float32": pytorch("float32", 64)}
    return {"one sample at a time": single, "batches of 64": batches}


def main() -> None:
    samples = load_data("samples", int(sys.argv[1]) if len(sys.argv) > 1 else 2048).train
    with tempfile.TemporaryDirectory() as folder:
        tables = contenders(folder)
        found = {(table, name): run for table, rows in tables.items() for name, run in rows.items()}
        times: dict[tuple[str, str], list[float]] = {key: [] for key in found}
        for run in found.values():
            run(samples)
        for _ in range(ROUNDS):
            for key, run in found.items():
                began = time.perf_counter()
                run(samples)
                times[key].append((time.perf_counter() - began) / len(samples) * 1e6)
    base = statistics.median(times["one sample at a time", "homework's usual code"])
    for table, rows in tables.items():
        print(f"| {table} | µs per sample | as fast as the homework's code |\n| --- | --- | --- |")
        for name in rows:
            middle = statistics.median(times[table, name])
            print(f"| {name} | {middle:.1f} | {base / middle:.1f} × |")
        print()


if __name__ == "__main__":
    main()
