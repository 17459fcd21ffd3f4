"""Checks the whole network: its gradient against its loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.held import vary
from nnstep.checking.loss_subject import LossSubject
from nnstep.checking.outside import Outside
from nnstep.checking.places import Path, arrays_in, at, put
from nnstep.checking.subject import Floats, Shape
from nnstep.copies import copied
from nnstep.student_code import StudentCode
from nnstep.student_errors import StudentError

RATE = 0.5
ROWS = 3
STEP = 1e-5
SMOOTH = 0.3  # what is compared with a tolerance must be more exact than it
MANY = 100
DIGITS, SINGLE_DIGITS = 1e-14, 1e-7


@dataclass(frozen=True, eq=False, slots=True)
class Share:
    """How a layer's update compares with the gradient of the network's loss: a constant, or None for something else."""

    layer: int
    factor: float | None


class Whole:
    """All layers of a network with its loss.

    Args:
        layers: the student's.
        names: what they are called.
        parameters: where each layer's parameters are.
        loss: the network's.
        code: runs them.
        shape: of one sample, as the first layer takes it.
    """

    def __init__(
        self, layers: list[Any], names: list[str], parameters: list[list[Path]], loss: LossSubject,
        code: StudentCode, shape: Shape,
    ) -> None:  # fmt: skip
        self.layers: list[Any] = copied(list(layers))
        self.names, self.parameters = names, parameters
        self.loss, self.code, self.shape = loss, code, shape
        self.outside = Outside(layers)
        for layer, paths in zip(self.layers, parameters, strict=True):
            _own_arrays(layer, paths)
            vary(layer, paths)
        self.single = any(a.dtype == np.float32 for layer in layers for a in arrays_in(layer).values())

    def fresh(self) -> list[Any]:
        """Copies of all layers, which share among each other what the originals share."""
        self.outside.restore()
        np.random.seed(0)
        made: list[Any] = copied(list(self.layers))
        return made

    def forward(self, layers: list[Any], X: Floats) -> Floats:
        """The network's output."""
        Y: Any = X.copy()
        for layer, name in zip(layers, self.names, strict=True):
            Y = self.code.call(f"forward_propagation of {name}", layer.forward_propagation, Y)
        return np.array(Y, dtype=np.float64)

    def shares(self, rows: int | None) -> list[Share]:
        """For each layer with parameters how its update compares with the loss's gradient.

        Args:
            rows: how many samples at once; None for one sample.

        Raises:
            StudentError: the network does not take them.
        """
        shape = self.shape if rows is None else (rows, *self.shape[1:])
        X = np.random.default_rng(13).uniform(0.05, 0.95, shape)
        layers = self.fresh()
        Y: Any = X.copy()
        for layer, name in zip(layers, self.names, strict=True):
            Y = self.code.call(f"forward_propagation of {name}", layer.forward_propagation, Y)
        output = np.array(Y, dtype=np.float64)
        y = self._target(output)
        before = [{p: np.array(at(layer, p), dtype=np.float64) for p in paths} for layer, paths in self._with(layers)]
        gradient = self.loss.gradient(y, output)
        for layer, name in zip(reversed(layers), reversed(self.names), strict=True):
            gradient = self.code.call(f"backward_propagation of {name}", layer.backward_propagation, gradient, RATE)
        changes = [
            {p: (old[p] - np.asarray(at(layer, p), np.float64)) / RATE for p in paths}
            for old, (layer, paths) in zip(before, self._with(layers), strict=True)
        ]  # all of them before slopes are measured, which puts global variables back
        return [Share(index, self._factor(index, change, X, y)) for index, change in enumerate(changes) if change]

    def _with(self, layers: list[Any]) -> list[tuple[Any, list[Path]]]:
        return list(zip(layers, self.parameters, strict=True))

    def _target(self, output: Floats) -> Any:
        for y, _ in self.loss.targets(output.shape):
            try:
                value = self.loss.number(y, output)
                self.loss.gradient(y, output)
                if np.isfinite(value):
                    return self._as_shares(y, output)
            except (StudentError, TypeError, ValueError):
                continue
        return next(self.loss.targets(output.shape))[0]

    def _as_shares(self, y: Any, output: Floats) -> Any:
        """Targets whose numbers add up to 1 for each sample, as a softmax with its loss needs them."""
        if np.shape(y) != output.shape or np.min(y) < 0:
            return y
        axis = -1 if output.ndim == 2 and output.shape[-1] > 1 else None
        return y / np.sum(y, axis=axis, keepdims=True) if np.size(y) > 1 else y

    def _factor(self, index: int, changes: dict[Path, Floats], X: Floats, y: Any) -> float | None:
        """The constant between a layer's update and the measured slope, along random directions."""
        rng = np.random.default_rng(17)
        step, tolerance = (5e-3, 5e-2) if self.single else (STEP, 1e-2)
        ratios = []
        for path, change in changes.items():
            if self._is_lost(index, path, change):
                continue
            for _ in range(3):
                direction = rng.normal(size=change.shape)
                slopes, rounding = self._slopes(index, path, direction, X, y, step)
                size = float(np.linalg.norm(change)) + 1e-12
                largest = max(map(abs, slopes))
                if np.ptp(slopes) > SMOOTH * tolerance * largest or abs(slopes[0]) < 0.05 * size:
                    continue  # a kink, or too flat to be judged
                if rounding > tolerance * largest:
                    continue  # lost in the loss's last digits
                ratios.append(float(np.sum(change * direction)) / slopes[0])
        if not ratios:
            return 1.0
        return float(np.median(ratios)) if np.ptp(ratios) < tolerance * abs(np.median(ratios)) else None

    def _is_lost(self, index: int, path: Path, change: Floats) -> bool:
        """The update is so small that the array's last digits take it up only in part."""
        held = np.asarray(at(self.layers[index], path))
        if held.dtype.kind != "f":
            return False
        digit = float(np.finfo(held.dtype).eps) * float(np.linalg.norm(held))
        return RATE * float(np.linalg.norm(change)) < MANY * digit

    def _slopes(
        self, index: int, path: Path, direction: Floats, X: Floats, y: Any, step: float
    ) -> tuple[tuple[float, float, float, float], float]:
        """The slope over one step to both sides, over two, and to each side alone; what rounding makes of them."""
        low2, low, center, high, high2 = (
            self._moved(index, path, direction * size, X, y) for size in (-2 * step, -step, 0.0, step, 2 * step)
        )
        # One-sided slopes of second order: those of a smooth curve agree with the others.
        right, left = (4 * high - 3 * center - high2) / (2 * step), (3 * center - 4 * low + low2) / (2 * step)
        rounding = (SINGLE_DIGITS if self.single else DIGITS) * abs(center) / step
        return ((high - low) / (2 * step), (high2 - low2) / (4 * step), right, left), rounding

    def _moved(self, index: int, path: Path, move: Floats, X: Floats, y: Any) -> float:
        """The loss with another value of one parameter."""
        layers = self.fresh()
        array = np.asarray(at(layers[index], path))
        put(layers[index], path, (array + move).astype(array.dtype))
        return self.loss.number(y, self.forward(layers, X))


def _own_arrays(layer: Any, paths: list[Path]) -> None:
    """Gives a layer its own copy of what its class holds for it to begin with, so that one can be moved alone."""
    for name, *rest in paths:
        array = getattr(type(layer), str(name), None)
        is_own = getattr(layer, str(name), None) is not array
        if isinstance(array, np.ndarray) and not rest and not is_own:
            setattr(layer, str(name), array.copy())


def check_whole(whole: Whole, judge_rows: bool, alone_ok: bool) -> list[Finding]:
    """The network's gradient on one sample, then on several.

    Args:
        whole: the network.
        judge_rows: it has a loss of its own, against which sum or mean over the samples can be judged.
        alone_ok: no layer and no loss is wrong by itself.
    """
    if not alone_ok:
        return []
    one = whole.shares(None)
    off = [share for share in one if share.factor is None or abs(share.factor - 1) > (5e-2 if whole.single else 1e-2)]
    if off:
        return [_off(whole, off)]
    if not judge_rows or len(whole.shape) != 2 or whole.shape[0] != 1:
        return []
    try:
        several = whole.shares(ROWS)
    except (StudentError, TypeError, ValueError):
        return []
    return _rows(whole, several)


def _rows(whole: Whole, shares: list[Share]) -> list[Finding]:
    for factor, id, word in ((ROWS, "sum-for-mean", "summed"), (1 / ROWS, "mean-for-sum", "averaged")):
        those = [s for s in shares if s.factor is not None and abs(s.factor / factor - 1) < 5e-2]
        if those:
            names = ", ".join(whole.names[s.layer] for s in those)
            text = (
                f"with {ROWS} samples at once the update of {names} is {factor:.4g} × what the loss's own value says: "
                f"the gradient is {word} over the samples once too often"
            )
            return [Finding(id, "", text, 0.93)]
    return []


def _off(whole: Whole, off: list[Share]) -> Finding:
    twice = [
        (whole.names[i], whole.names[j])
        for i, layer in enumerate(whole.layers)
        for j in range(i + 1, len(whole.layers))
        if whole.layers[j] is layer
    ]
    names = ", ".join(whole.names[share.layer] for share in off)
    if twice:
        text = (
            f"{twice[0][0]} and {twice[0][1]} are one object: the second forward call overwrites what the first one "
            f"kept for backward; the update of {names} is wrong"
        )
        return Finding("overwritten", "", text, 0.9)
    factors = [share.factor for share in off]
    text = f"each layer is right alone, but in the network the update of {names} is not that of the loss"
    if all(f is not None for f in factors):
        text += f" ({', '.join(f'{f:.4g} ×' for f in factors)})"
    return Finding("unexplained", "", text, 0.8)
