"""Tells a forward that draws random numbers for dropout from one that is impure by mistake."""

from __future__ import annotations

import pickle
import random
from typing import Any

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.outside import generators_of
from nnstep.checking.subject import Floats, Probe, Subject
from nnstep.random_state import state_of

DRAWS = 12


def check_pure(subject: Subject, probe: Probe, other: Probe) -> list[Finding] | None:
    """The same input gives the same output, whatever went through the layer in between.

    Returns:
        The finding where it does not; None for a layer that draws random numbers as dropout does, or whose random
        numbers made no difference.
    """
    trial = subject.fresh()
    state = _random_state(trial)
    first = subject.output(trial, probe.X)
    draws = _random_state(trial) != state
    outputs = [(subject.output(trial, probe.X), "the second time") for _ in range(DRAWS if draws else 1)]
    subject.output(trial, other.X)
    outputs.append((subject.output(trial, probe.X), "after another input"))
    for later, when in outputs:
        if later.shape != first.shape or not np.allclose(first, later, rtol=1e-9, atol=1e-12, equal_nan=True):
            if _is_dropout(probe, [first, *(Y for Y, _ in outputs)], draws):
                return None
            off = float(np.max(np.abs(later - first))) if later.shape == first.shape else float("nan")
            text = f"forward gives another output {when} for the same input: up to {off:.3g} off"
            return [Finding("impure", "Y", text, 0.97)]
    return None if draws else []


def _random_state(layer: Any) -> bytes:
    """Where the random numbers stand that a layer can draw: the global ones, and generators of its own."""
    own = [state_of(generator) for generator in generators_of(layer)]
    return pickle.dumps((random.getstate(), np.random.get_state(), own))


def _is_dropout(probe: Probe, outputs: list[Floats], draws: bool) -> bool:
    """Each output is zero, or one number that is the same in every call; without random numbers the input scaled."""
    if any(Y.shape != outputs[0].shape for Y in outputs):
        return False
    values = np.stack(outputs)
    largest = np.max(np.where(values != 0, values, -np.inf), axis=0)
    smallest = np.min(np.where(values != 0, values, np.inf), axis=0)
    kept = np.isfinite(largest)
    if not np.allclose(largest[kept], smallest[kept], rtol=1e-9):
        return False
    if draws or outputs[0].shape != probe.X.shape:
        return draws
    ratio = values[values != 0] / np.broadcast_to(probe.X, values.shape)[values != 0]
    return bool(len(ratio) == 0 or (np.ptp(ratio) < 1e-9 and ratio[0] >= 1 - 1e-9))
