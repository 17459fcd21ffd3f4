"""One look at a network while it trains: the numbers that the rules judge, measured on a copy of its layers."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nnstep.layers import ACTIVATIONS, ActivationLayer, AffineLayer, Array
from nnstep.losses import LOSSES, Loss
from nnstep.samples import Samples
from nnstep.source import undisturbed
from nnstep.stack import Arrays, Stack
from nnstep.statistics import flat_outputs, norm, update_ratio
from nnstep.stepping import Frame, run_steps

ROWS = 16
FIRST_ROWS = 128
SINGLE_ROWS = 8
MOST_IN_BATCH = 32
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
    """

    name: str
    kind: str
    saturated: float | None
    active: NDArray[np.int64] | None
    gradient: float | None
    update: float | None
    before: Arrays


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
        """The layers that have weights, with their indices."""
        return [(index, layer) for index, layer in enumerate(self.layers) if layer.gradient is not None]

    def without_parameters(self) -> Look:
        """The same without the parameters, which take memory."""
        return replace(self, layers=tuple(replace(layer, before={}) for layer in self.layers))


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
    with undisturbed():
        trial = copy.deepcopy(stack)
        batched = known_layers(stack)
        rows = _some_rows(len(samples), number, batched)
        X, y = samples.inputs(rows, stack.dtype), samples.targets(rows, stack.dtype)
        values = _forward(trial, X) if batched else _forward_singly(trial, X)
        following = following[:MOST_IN_BATCH] if batched else following[:1]
        frames = tuple(
            run_steps(
                trial, samples.inputs(following, stack.dtype), samples.targets(following, stack.dtype), learning_rate
            )
        )
        losses = mean_loss(stack.loss, y, values[-1]), mean_loss(stack.loss, y, np.full_like(y, y.mean(axis=0)))
        return _measure(frames, values, y, samples.labels[rows], count, losses)


def known_layers(stack: Stack) -> bool:
    """All layers are nnstep's own, which take several rows at a time."""
    return all(
        type(layer) is AffineLayer
        or (type(layer) is ActivationLayer and ACTIVATIONS.get(layer.activation.name) is layer.activation)
        for layer in stack.layers
    )


def activation_kind(name: str, has_parameters: bool, X: Array, Y: Array) -> str:
    """Which activation a layer is, by its name or else by its numbers; empty where it is none."""
    word = name.partition(" ")[0]
    if word in ACTIVATIONS:
        return word
    if has_parameters or X.shape != Y.shape or not np.any(X < 0) or not np.all(np.isfinite(X)):
        return ""
    matching = (kind for kind, known in ACTIVATIONS.items() if np.allclose(Y, known.function(X), rtol=1e-4, atol=1e-6))
    return next(matching, "")


def main_parameter(arrays: Arrays) -> str | None:
    """The name of a layer's weights: its largest array that has two axes, or None."""
    weights = {name: array.size for name, array in arrays.items() if array.ndim > 1 and 1 not in array.shape}
    if "weights" in arrays:
        return "weights"
    return max(weights, key=lambda name: weights[name]) if weights else None


def mean_loss(loss: Loss, targets: Array, outputs: Array) -> float:
    """Mean of the losses of rows, each taken alone unless the loss is one of nnstep's own."""
    if loss in LOSSES.values():
        return float(loss.function(targets, outputs))
    return float(np.mean([loss.function(targets[i : i + 1], outputs[i : i + 1]) for i in range(len(targets))]))


def _some_rows(count: int, number: int, batched: bool) -> NDArray[np.int64]:
    """Some of all rows, the more at the first look, so that it can tell by itself how the network begins."""
    usual = ROWS if batched else SINGLE_ROWS
    before, wanted = (FIRST_ROWS + (number - 1) * usual, usual) if number else (0, FIRST_ROWS)
    return (before + np.arange(min(wanted, count))) * STRIDE % count


def _forward(stack: Stack, X: Array) -> list[Array]:
    values = [X]
    for layer in stack.layers:
        values.append(layer.forward_propagation(values[-1]))
    return values


def _forward_singly(stack: Stack, X: Array) -> list[Array]:
    """The same one row at a time, each value made a row, for layers that may take nothing else."""
    single = [[np.array(value).reshape(1, -1) for value in _forward(stack, X[i : i + 1].copy())] for i in range(len(X))]
    return [np.concatenate(values) for values in zip(*single, strict=True)]


def _measure(
    frames: Sequence[Frame],
    values: list[Array],
    y: Array,
    labels: NDArray[np.uint8],
    count: int,
    losses: tuple[float, float],
) -> Look:
    depth = len(values) - 1
    backward = {frame.step.layer: frame for frame in frames[depth + 2 :]}
    layers = tuple(
        _measure_layer(backward[index], values[index], values[index + 1], y if index == depth - 1 else None)
        for index in range(depth)
    )
    X, gradient = values[0], frames[depth + 1].input_gradient
    assert gradient is not None
    varied = len(np.unique(labels)) > 1
    return Look(
        count,
        len(X),
        layers,
        *losses,
        _rms(gradient),
        float(values[-1].std(axis=0).max()) if varied else float("nan"),
        _rms(X),
        float(np.abs(X).max()),
        mismatched(labels, y),
    )


def mismatched(labels: NDArray[np.uint8], targets: Array) -> int:
    """How many rows of targets (n, classes) are not 1 at their label and 0 elsewhere."""
    expected = np.arange(targets.shape[1]) == labels[:, None]
    return int(np.sum(np.any(targets != expected, axis=1)))


def _measure_layer(frame: Frame, X: Array, Y: Array, target: Array | None) -> LayerLook:
    kind = activation_kind(frame.step.name, bool(frame.before), X, Y)
    name = main_parameter(frame.before)
    gradient = frame.gradients.get(name) if name else None
    return LayerLook(
        frame.step.name,
        kind,
        _saturated(kind, Y, target),
        np.count_nonzero(Y > 0, axis=0).astype(np.int64) if kind == "relu" else None,
        None if gradient is None else _rms(gradient),
        update_ratio(frame, name) if name else None,
        frame.before,
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


def _rms(array: Array) -> float:
    return norm(array) / math.sqrt(max(array.size, 1))
