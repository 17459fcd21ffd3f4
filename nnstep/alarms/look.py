"""One look at a network while it trains: the numbers that the rules judge."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nnstep.activations import activation_name
from nnstep.alarms.probing import MOST_IN_BATCH, Learning, is_known, probe, rms
from nnstep.layers import ACTIVATIONS, Array
from nnstep.samples import Samples
from nnstep.stack import NO_ARRAYS, Arrays, Stack
from nnstep.statistics import flat_outputs

FIRST_ROWS = 128
ROWS = 16
SINGLE_ROWS = 8
STRIDE = 7919  # a prime: rows that far apart are all of a set before one comes again


@dataclass(frozen=True, eq=False, slots=True)
class LayerLook:
    """What was measured of one layer.

    Attributes:
        name: such as `tanh 2`.
        kind: tanh, relu, sigmoid or identity for an activation, empty for another layer.
        saturated: share of outputs where the curve is almost flat, None where the layer is no tanh or sigmoid.
        active: (units,) on how many of the rows each unit of a relu layer gives more than zero.
        gradient: RMS(dE/dW), None where there are no weights.
        update: ‖ΔW‖/‖W‖, None where there are no weights or that is not a number.
        before: the parameters.
        idle: what arrays that look like weights, but are no parameters, hold: a number of each.
    """

    name: str
    kind: str
    saturated: float | None
    active: NDArray[np.int64] | None
    gradient: float | None
    update: float | None
    before: Arrays
    idle: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """What was measured at one moment of a run.

    Attributes:
        count: how many samples of the run come before.
        rows: how many samples the outputs were taken from.
        layers: each layer.
        loss: mean of the rows' losses.
        loss_of_mean: the same for an answer that is the mean of the rows' targets.
        loss_gradient: RMS(dE/dŷ) of the samples that come next.
        spread: standard deviation over the rows of that output which has the largest, NaN where all are of one class.
        input_size: RMS(X) of the rows.
        largest_input: max|X| of the rows.
        mismatched: on how many of the rows the target is not the one-hot form of the label.
        updates: how many updates there were since the first look.
        untrained: what the loss was at the first look, or `loss_of_mean` where that was less.
    """

    count: int
    rows: int
    layers: tuple[LayerLook, ...]
    loss: float
    loss_of_mean: float
    loss_gradient: float
    spread: float
    input_size: float
    largest_input: float
    mismatched: int
    updates: int = 0
    untrained: float = math.nan

    @property
    def with_weights(self) -> list[tuple[int, LayerLook]]:
        """The layers whose weights learn, with their indices."""
        layers = enumerate(self.layers)
        return [(index, layer) for index, layer in layers if layer.gradient is not None and not layer.idle]

    def without_parameters(self) -> Look:
        """The same without the parameters, which take memory."""
        return replace(self, layers=tuple(replace(layer, before=NO_ARRAYS) for layer in self.layers))


def look(
    stack: Stack, samples: Samples, following: NDArray[np.int64], number: int, count: int, learning_rate: float
) -> Look:
    """Measures a network; neither its numbers nor any random generator are changed by it.

    The gradients are those of the samples that come next, as the debugger shows them there. The outputs are taken from
    rows of all the training set, others at each look.

    Args:
        stack: the network; only a copy of it is run.
        samples: the training set.
        following: the rows of the update that comes next.
        number: how many looks there were before.
        count: how many samples of the run come before.
        learning_rate: η of the updates.
    """
    rows, following = _some_rows(len(samples), number, is_known(stack)), following[:MOST_IN_BATCH]
    X, y = samples.inputs(rows, stack.dtype), samples.targets(rows, stack.dtype)
    update = samples.inputs(following, stack.dtype), samples.targets(following, stack.dtype)
    seen = probe(stack, X, y, update, learning_rate)
    last = len(stack.layers) - 1
    layers = tuple(
        _layer_look(stack, i, seen.values[i], seen.values[i + 1], y if i == last else None, seen.learning[i])
        for i in range(last + 1)
    )
    labels = samples.labels[rows]
    varied = bool(np.any(labels != labels[0]))
    return Look(
        count=count,
        rows=len(X),
        layers=layers,
        loss=seen.losses[0],
        loss_of_mean=seen.losses[1],
        loss_gradient=seen.loss_gradient,
        spread=_largest_deviation(seen.values[-1]) if varied else math.nan,
        input_size=rms(X),
        largest_input=float(np.abs(X).max()),
        mismatched=mismatched(labels, y),
    )


def activation_kind(name: str, has_parameters: bool, X: Array, Y: Array) -> str:
    """Which activation a layer is, by its name or else by its numbers; empty where it is none."""
    word = name.partition(" ")[0]
    if word in ACTIVATIONS:
        return word
    if has_parameters or X.shape != Y.shape or not np.any(X < 0) or not np.all(np.isfinite(X)):
        return ""
    return activation_name(X, Y)


def mismatched(labels: NDArray[np.uint8], targets: Array) -> int:
    """How many rows of targets (n, classes) are not 1 at their label and 0 elsewhere."""
    expected = np.arange(targets.shape[1]) == labels[:, None]
    return int(np.sum(np.any(targets != expected, axis=1)))


def _some_rows(count: int, number: int, known: bool) -> NDArray[np.int64]:
    """Some of all rows, the more at the first look, so that it can tell by itself how the network begins."""
    usual = ROWS if known else SINGLE_ROWS
    before, wanted = (FIRST_ROWS + (number - 1) * usual, usual) if number else (0, FIRST_ROWS)
    return (before + np.arange(min(wanted, count))) * STRIDE % count


def _idle(stack: Stack, index: int) -> Mapping[str, int]:
    """A number for what each array of a student's layer holds that looks like weights, but is no parameter."""
    arrays: Arrays = getattr(stack.layers[index], "idle_arrays", NO_ARRAYS)
    return {name: hash(array.tobytes()) for name, array in arrays.items()}


def _layer_look(stack: Stack, index: int, X: Array, Y: Array, target: Array | None, learning: Learning) -> LayerLook:
    name = stack.names[index]
    known = getattr(stack.layers[index], "kind", "")  # found where a student's layer was loaded
    kind = known or activation_kind(name, bool(learning.before), X, Y)
    return LayerLook(
        name,
        kind,
        _saturated(kind, Y, target),
        np.count_nonzero(Y > 0, axis=0).astype(np.int64) if kind == "relu" else None,
        learning.gradient,
        learning.update,
        learning.before,
        _idle(stack, index),
    )


def _saturated(kind: str, Y: Array, target: Array | None) -> float | None:
    """The share of saturated outputs; at the end of a network the share of rows with one that is far off besides.

    An output that is 0 or 1 where it should be is just right.
    """
    flat = flat_outputs(kind, Y)
    if flat is None:
        return None
    if target is None:
        return float(flat.mean())
    return float(np.any(flat & (np.abs(Y - target) > 0.5), axis=1).mean())


def _largest_deviation(Y: Array) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(Y.std(axis=0).max())
