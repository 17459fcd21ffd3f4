"""How a network does on digits that it does not learn from: both accuracies, which it mixes up, and its mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.layers import Array, evaluating
from nnstep.losses import mse
from nnstep.samples import Samples
from nnstep.stack import Stack

CHUNK = 1000


@dataclass(frozen=True, eq=False, slots=True)
class Score:
    """Answers to many samples, counted.

    Attributes:
        count: how many samples had been trained before.
        loss: mean of the samples' losses.
        correct: samples where argmax(ŷ) = argmax(y).
        strict_correct: samples where every output rounds to its one-hot target.
        samples: how many there were.
        confusion: (classes, classes) how many of each label [row] were said to be of each class [column].
    """

    count: int
    loss: float
    correct: int
    strict_correct: int
    samples: int
    confusion: NDArray[np.int64]

    def as_json(self) -> dict[str, Any]:
        """JSON's own types, that `score_from_json` reads."""
        return {
            "count": self.count,
            "loss": self.loss if np.isfinite(self.loss) else None,
            "correct": self.correct,
            "strict_correct": self.strict_correct,
            "samples": self.samples,
            "confusion": self.confusion.tolist(),
        }


@dataclass(frozen=True, slots=True)
class Mistake:
    """A sample that was classified wrongly.

    Attributes:
        row: which one it is, from 0.
        label: its class.
        said: the class of the largest output.
        confidence: that output.
        loss: the sample's own.
    """

    row: int
    label: int
    said: int
    confidence: float
    loss: float


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """What a network says to each of many samples.

    Attributes:
        labels: (samples,) the right classes.
        classes: (samples,) those that it said: of the largest output.
        confidences: (samples,) that output.
        losses: (samples,) each one's loss.
        strict: (samples,) where every output rounds to its one-hot target.
        kinds: how many classes there are.
    """

    labels: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    confidences: NDArray[np.float64]
    losses: NDArray[np.float64]
    strict: NDArray[np.bool_]
    kinds: int

    def score(self, count: int = 0) -> Score:
        """All of them, counted; `count` is how many samples had been trained before."""
        pairs = self.labels.astype(np.int64) * self.kinds + self.classes
        confusion = np.bincount(pairs, minlength=self.kinds**2).reshape(self.kinds, self.kinds)
        with np.errstate(over="ignore", invalid="ignore"):
            loss = float(self.losses.mean())
        return Score(count, loss, int(np.trace(confusion)), int(self.strict.sum()), len(self.labels), confusion)

    def mistakes(self, limit: int | None = None) -> list[Mistake]:
        """Those that are wrong, the largest loss first, `limit` at most."""
        return self._worst_first(np.flatnonzero(self.labels != self.classes), limit)

    def cell(self, label: int, said: int, limit: int | None = None) -> list[Mistake]:
        """Those of one label that were said to be of one class, right or wrong, the largest loss first."""
        return self._worst_first(np.flatnonzero((self.labels == label) & (self.classes == said)), limit)

    def _worst_first(self, rows: NDArray[np.int64], limit: int | None) -> list[Mistake]:
        losses = np.nan_to_num(self.losses[rows], nan=np.inf)
        return [
            Mistake(
                row,
                int(self.labels[row]),
                int(self.classes[row]),
                float(self.confidences[row]),
                float(self.losses[row]),
            )
            for row in rows[np.argsort(-losses, kind="stable")][:limit].tolist()
        ]


def answers(stack: Stack, samples: Samples) -> Answers:
    """Runs all samples forward, on copies of the layers; what these remember, count or draw stays as it was."""
    state = stack.keeper.capture() if stack.keeper else None
    try:
        return stack.guard(lambda: _answers(stack, samples))
    finally:
        if stack.keeper and state is not None:
            stack.keeper.restore(state)


def _answers(stack: Stack, samples: Samples) -> Answers:
    layers = stack.copy().layers
    classes, confidences, losses, strict = [], [], [], []
    for start in range(0, len(samples), CHUNK):
        rows = slice(start, start + CHUNK)
        y = samples.targets(rows, stack.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = _forward(layers, samples.inputs(rows, stack.dtype), samples.classes)
            losses.append(_losses(stack, y, outputs))
            strict.append(np.all(np.round(outputs) == y, axis=1))
        classes.append(outputs.argmax(axis=1).astype(np.uint8))
        confidences.append(outputs[np.arange(len(outputs)), classes[-1]].astype(np.float64))
    return Answers(
        samples.labels,
        np.concatenate(classes),
        np.concatenate(confidences),
        np.concatenate(losses),
        np.concatenate(strict),
        samples.classes,
    )


def score(stack: Stack, samples: Samples, count: int = 0) -> Score:
    """How a stack does on samples; its layers stay as they are."""
    return answers(stack, samples).score(count)


def mistakes(stack: Stack, samples: Samples, limit: int | None = None) -> list[Mistake]:
    """The samples that a stack classifies wrongly, the largest loss first."""
    return answers(stack, samples).mistakes(limit)


def score_from_json(known: dict[str, Any]) -> Score:
    """Reads what `as_json` wrote; raises KeyError, TypeError or ValueError where it is something else."""
    confusion = np.array(known["confusion"], np.int64)
    samples, correct = int(known["samples"]), int(known["correct"])
    if confusion.ndim != 2 or confusion.sum() != samples or np.trace(confusion) != correct or confusion.min() < 0:
        raise ValueError("the counts of a score do not fit each other")
    loss = float("nan") if known["loss"] is None else float(known["loss"])
    return Score(int(known["count"]), loss, correct, int(known["strict_correct"]), samples, confusion)


def _forward(layers: list[Any], X: Array, classes: int) -> Array:
    """ŷ (batch, classes); one sample at a time where a layer takes no more."""
    try:
        outputs = _through(layers, X)
        if outputs.shape == (len(X), classes):
            return outputs
    except Exception:  # a student's layer may raise anything
        if len(X) == 1:
            raise
    return np.concatenate([_through(layers, X[i : i + 1]).reshape(1, -1) for i in range(len(X))])


def _through(layers: list[Any], value: Array) -> Array:
    with evaluating(layers):
        for layer in layers:
            value = layer.forward_propagation(value)
    return np.asarray(value)


def _losses(stack: Stack, y: Array, outputs: Array) -> NDArray[np.float64]:
    if stack.loss.function is mse:
        losses: NDArray[np.float64] = np.mean((y - outputs) ** 2, axis=1).astype(np.float64)
        return losses
    return np.array([stack.loss.function(y[i : i + 1], outputs[i : i + 1]) for i in range(len(y))], np.float64)
