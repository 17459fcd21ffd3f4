"""Measures what the command costs beside its arithmetic: start, compiling, memory, and the interpreter's lock.

Usage: python benchmarks/footprint.py [DATA]
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

from nnstep.architecture import build_network
from nnstep.data import load_data
from nnstep.engines.base import Engine, choose_engine
from nnstep.stack import Stack

PREPARE = """
import time, numpy as np
from nnstep.architecture import build_network
from nnstep.data import load_data
from nnstep.engines.base import choose_engine
from nnstep.stack import Stack
network = build_network()
stack, samples = Stack(network.layers, network.loss), load_data("samples").train
engine = choose_engine("numba", stack)
import numba
began = time.perf_counter()
engine.prepare(stack, samples)
print(time.perf_counter() - began)
"""


def command(*words: str, **environment: str) -> tuple[float, str]:
    """Runs a Python command; returns its seconds and what it printed."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *words], env=os.environ | environment, check=True, capture_output=True, text=True
    )
    return time.perf_counter() - began, done.stdout


def pace(seconds: float) -> float:
    """How often a plain Python loop comes round in a second."""
    rounds, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        rounds += 1
    return rounds / seconds


def pace_beside(engine: Engine) -> float:
    """The pace of a Python loop while an engine works in another thread, as a share of its pace alone."""
    network = build_network()
    stack, samples = Stack(network.layers, network.loss), load_data("samples").train
    engine.prepare(stack, samples)
    shares = []
    for _ in range(5):
        alone = pace(0.5)
        rows = np.tile(np.arange(len(samples)), 40)
        worker = threading.Thread(target=engine.run, args=(stack, samples, rows, 0.01))
        worker.start()
        shares.append(pace(0.5) / alone)
        worker.join()
    return statistics.median(shares)


def main() -> None:
    data = sys.argv[1] if len(sys.argv) > 1 else "samples"
    times = [command("-m", "nnstep", "--help")[0] for _ in range(9)]
    print(f"nnstep --help: {statistics.median(times) * 1000:.0f} ms")
    with tempfile.TemporaryDirectory() as folder:
        cold = float(command("-c", PREPARE, NUMBA_CACHE_DIR=folder)[1])
        warm = statistics.median(float(command("-c", PREPARE, NUMBA_CACHE_DIR=folder)[1]) for _ in range(5))
        print(f"compiling: {cold:.1f} s the first time, {warm:.2f} s from the cache")
        words = ("-m", "nnstep", "train", "--limit", "100", "--epochs", "1")
        hundred = [command(*words, NUMBA_CACHE_DIR=folder)[0] for _ in range(5)]
        print(f"nnstep train on 100 digits, test set included: {statistics.median(hundred):.2f} s")
        command("-m", "nnstep", "train", "--data", data, "--epochs", "1", NUMBA_CACHE_DIR=folder)
        # The largest child so far: of these, the one that trained on all digits.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest memory of any of these, data {data}: {peak:.0f} MiB resident")
    network = build_network()
    engine = choose_engine("numba", Stack(network.layers, network.loss))
    print(f"a second thread keeps {pace_beside(engine):.0%} of its pace while the compiled engine works")


if __name__ == "__main__":
    main()
