"""Runs one layer on fresh copies, forward and backward, and keeps what went in, what came out and what changed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.checking.outside import Outside
from nnstep.checking.places import Anything, Path, arrays_in, numbers_in
from nnstep.copies import copied
from nnstep.student_code import StudentCode
from nnstep.student_errors import StudentError

Floats = NDArray[np.float64]
Shape = tuple[int, ...]
FORWARD, BACKWARD = "forward_propagation", "backward_propagation"


@dataclass(frozen=True, eq=False, slots=True)
class Probe:
    """What a layer is tried with: one input, one gradient of its output."""

    X: Floats
    G: Floats


@dataclass(eq=False, slots=True)
class Run:
    """One forward and one backward call.

    Attributes:
        Y: what forward returned, as it was right after the call.
        dX: what backward returned.
        rate: the learning rate that backward was given.
        before: all arrays of the layer between the two calls.
        after: all arrays of the layer after backward.
        layer: the copy that ran, as it stands now.
        X_changed: `forward_propagation` or `backward_propagation` where that changed the X that was given.
        G_changed: backward changed the gradient that it was given.
    """

    Y: Any
    dX: Any
    rate: float
    layer: Any
    before: dict[Path, Anything] = field(default_factory=dict)
    after: dict[Path, Anything] = field(default_factory=dict)
    X_changed: str = ""
    G_changed: bool = False

    def change(self, path: Path) -> Anything:
        """What was taken away from an array, as float64."""
        before = self.before[path].astype(np.float64)
        change: Anything = before - self.after[path].astype(np.float64).reshape(before.shape)
        return change


class Subject:
    """A layer under test.

    Args:
        layer: stays as it is.
        name: what it is called in errors.
        code: runs its methods within a time limit.
        shape: of one sample, as the layer takes it.

    Attributes:
        positive: it takes positive inputs only.
        slow: a forward call takes so long that few are made.
        pure: forward is known to give the same output for the same input, so that one copy serves for many calls.
    """

    def __init__(self, layer: Any, name: str, code: StudentCode, shape: Shape) -> None:
        self.layer, self.name, self.code, self.shape = layer, name, code, shape
        self.outside = Outside([layer])
        self.positive = False
        self.pure = False
        self.slow = False

    def fresh(self) -> Any:
        """A copy that stands where the layer stands; global random numbers begin again."""
        self.outside.restore()
        np.random.seed(0)
        random.seed(0)
        return copied(self.layer)

    def forward(self, trial: Any, X: Anything) -> Any:
        """What forward returns for an input, which is handed over as it is."""
        return self.code.call(f"{FORWARD} of {self.name}", trial.forward_propagation, X)

    def backward(self, trial: Any, G: Anything, rate: float) -> Any:
        """What backward returns for a gradient, which is handed over as it is."""
        return self.code.call(f"{BACKWARD} of {self.name}", trial.backward_propagation, G, rate)

    def output(self, trial: Any, X: Anything) -> Floats:
        """Forward's output as float64, from a copy of the input."""
        return np.array(self.forward(trial, X.copy()), dtype=np.float64)

    def run(self, probe: Probe, rate: float, warm: tuple[Probe, ...] = ()) -> Run:
        """One forward and one backward call on a fresh copy, after other samples where there are any.

        Raises:
            StudentError: one of them raised.
        """
        trial = self.fresh()
        for earlier in warm:
            self.forward(trial, earlier.X.copy())
        return self.go_on(trial, probe, rate)

    def go_on(self, trial: Any, probe: Probe, rate: float) -> Run:
        """One forward and one backward call on a copy that may have run before."""
        X, G = probe.X.copy(), probe.G.copy()
        Y = self.forward(trial, X)
        shown = np.array(Y, copy=True) if isinstance(Y, np.ndarray) else Y
        X_changed = "" if _same(X, probe.X) else FORWARD
        before = _numbers(trial)
        dX = self.backward(trial, G, rate)
        shown_dX = np.array(dX, copy=True) if isinstance(dX, np.ndarray) else dX
        if not X_changed and not _same(X, probe.X):
            X_changed = BACKWARD
        after = _numbers(trial)
        return Run(shown, shown_dX, rate, trial, before, after, X_changed, not _same(G, probe.G))

    def probe(self, seed: int, scale: float = 1.0, rows: int | None = None) -> Probe:
        """A probe with inputs of both signs, away from 0, and a gradient of the output's shape.

        Args:
            seed: of its random numbers.
            scale: how large the inputs are at most.
            rows: how many samples at once; one, in the shape that the layer takes it, where it is None.

        Raises:
            StudentError: forward raised.
        """
        shape = self.shape if rows is None else (rows, *self.shape[1:])
        X = self.inputs(seed, scale, shape)
        Y = np.asarray(self.forward(self.fresh(), X.copy()), dtype=np.float64)
        rng = np.random.default_rng(1000 + seed)
        return Probe(X, rng.uniform(0.3, 1.5, Y.shape) * rng.choice([-1.0, 1.0], Y.shape))

    def inputs(self, seed: int, scale: float, shape: Shape) -> Floats:
        """Inputs of both signs, or positive ones where the layer takes only those, away from 0."""
        rng = np.random.default_rng(seed)
        size = rng.uniform(0.05, 1, shape)
        signs = rng.choice([-1.0, 1.0], shape)
        if signs.size > 1:  # at least one of each
            signs.flat[0], signs.flat[-1] = -signs.flat[-1], signs.flat[-1]
        return size * scale * (1.0 if self.positive else signs)


def _numbers(trial: Any) -> dict[Path, Anything]:
    """All numbers that a layer holds now, those of a np.matrix too as a plain array."""
    return {path: np.array(array) for path, array in (numbers_in(trial) | arrays_in(trial)).items()}


def _same(a: Anything, b: Anything) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=True))


__all__ = ["Probe", "Run", "StudentError", "Subject"]
