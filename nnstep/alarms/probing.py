"""Runs a copy of a network on some samples, so that it can be looked at without a trace in the network itself."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import numpy as np

from nnstep.alarms.generators import undrawn
from nnstep.layers import ACTIVATIONS, ActivationLayer, AffineLayer, Array, evaluating
from nnstep.losses import LOSSES, Loss
from nnstep.source import unchanged, undisturbed
from nnstep.stack import NO_ARRAYS, Arrays, Stack, frozen_copies
from nnstep.statistics import norm, update_ratio
from nnstep.stepping import run_steps

MOST_IN_BATCH = 32


@dataclass(frozen=True, eq=False, slots=True)
class Learning:
    """How one layer learns from the samples of the next update.

    Attributes:
        gradient: RMS(dE/dW), None where the layer has no weights.
        update: ‖ΔW‖/‖W‖, None where it has no weights or that is not a number.
        before: the parameters.
    """

    gradient: float | None
    update: float | None
    before: Arrays


@dataclass(frozen=True, eq=False, slots=True)
class Probe:
    """What a copy of a network gave.

    Attributes:
        values: X (rows, inputs), then each layer's output (rows, n).
        losses: mean loss of the rows, and of an answer that is the mean of their targets.
        learning: each layer's.
        loss_gradient: RMS(dE/dŷ) of the samples of the next update.
    """

    values: list[Array]
    losses: tuple[float, float]
    learning: list[Learning]
    loss_gradient: float


def probe(stack: Stack, X: Array, y: Array, following: tuple[Array, Array], learning_rate: float) -> Probe:
    """Runs a copy of a stack.

    Args:
        stack: the network.
        X: (rows, inputs), some samples to take outputs from.
        y: (rows, classes), their targets.
        following: X and y of the next update.
        learning_rate: η of it.
    """
    mean = np.full_like(y, y.mean(axis=0))
    if stack.loss is LOSSES["softmax_cross_entropy"]:
        mean = np.log(np.maximum(mean, np.finfo(mean.dtype).tiny))
    if is_known(stack):
        with np.errstate(all="ignore"):
            trial = Stack([copy.copy(layer) for layer in stack.layers], stack.loss)
            values = _forward(trial, X)
            losses = stack.loss.function(y, values[-1]), stack.loss.function(y, mean)
            return Probe(values, losses, *_learn(trial, *following, learning_rate))
    with undisturbed(), undrawn(stack), unchanged(stack):
        trial = stack.copy()
        trial.keeper = None  # it keeps the state of the network itself

        def run() -> Probe:
            with unchanged(stack):  # first, since a layer may count its calls: so will training find it
                learning = _learn_by_steps(trial.copy(), *following, learning_rate)
            with evaluating(trial.layers):
                values = _forward_singly(trial, X)
            losses = mean_loss(trial.loss, y, values[-1]), mean_loss(trial.loss, y, mean)
            return Probe(values, losses, *learning)

        return stack.guard(run)


def is_known(stack: Stack) -> bool:
    """Plain descent of affine layers and activations: these take many rows at a time, and keep nothing that matters."""
    return (
        stack.rule.plain
        and stack.loss in LOSSES.values()
        and all(
            type(layer) is AffineLayer
            or (type(layer) is ActivationLayer and ACTIVATIONS.get(layer.activation.name) is layer.activation)
            for layer in stack.layers
        )
    )


def main_parameter(arrays: Arrays) -> str | None:
    """The name of a layer's weights: its largest array that has two axes, or None."""
    sizes = {name: (array.size, name.lower().startswith("w")) for name, array in arrays.items() if array.ndim > 1}
    return max(sizes, key=lambda name: sizes[name]) if sizes else None


def mean_loss(loss: Loss, targets: Array, outputs: Array) -> float:
    """Mean of the losses of rows, each taken alone, as a student's loss may want them."""
    return float(np.mean([loss.function(targets[i : i + 1], outputs[i : i + 1]) for i in range(len(targets))]))


def rms(array: Array) -> float:
    """‖x‖/√size."""
    return norm(array) / math.sqrt(max(array.size, 1))


def _forward(stack: Stack, X: Array) -> list[Array]:
    values = [X]
    for layer in stack.layers:
        values.append(layer.forward_propagation(values[-1]))
    return values


def _forward_singly(stack: Stack, X: Array) -> list[Array]:
    """The same one row at a time, each value made a row, for layers that may take nothing else."""
    single = [[np.array(value).reshape(1, -1) for value in _forward(stack, X[i : i + 1].copy())] for i in range(len(X))]
    return [np.concatenate(values) for values in zip(*single, strict=True)]


def _learn(trial: Stack, X: Array, y: Array, learning_rate: float) -> tuple[list[Learning], float]:
    """How each layer would learn, of layers whose arithmetic is known; nothing is updated.

    Of dE/dW = Xᵀ dE/dY only the norm is needed: ‖dE/dW‖² = Σ (X Xᵀ) ∘ (dE/dY dE/dYᵀ), which is far less work.
    """
    gradient = loss_gradient = trial.loss.gradient(y, _forward(trial, X)[-1])
    learning = []
    for layer in reversed(trial.layers):
        if isinstance(layer, AffineLayer):
            learning.append(_learning(layer, gradient, learning_rate))
            gradient = gradient @ layer.weights.T
        else:
            learning.append(Learning(None, None, NO_ARRAYS))
            gradient = layer.backward_propagation(gradient, learning_rate)
    return learning[::-1], rms(loss_gradient)


def _learning(layer: AffineLayer, dE_dY: Array, learning_rate: float) -> Learning:
    X, gradient, weights = layer.input.astype(np.float64), dE_dY.astype(np.float64), norm(layer.weights)
    size = math.sqrt(abs(np.sum((X @ X.T) * (gradient @ gradient.T))))
    ratio = learning_rate * size / weights if weights else math.nan
    rms_of_gradient = size / math.sqrt(layer.weights.size)
    return Learning(rms_of_gradient, ratio if math.isfinite(ratio) else None, frozen_copies(layer.parameters))


def _learn_by_steps(trial: Stack, X: Array, y: Array, learning_rate: float) -> tuple[list[Learning], float]:
    """How each layer learns, whatever it does: from the frames of the next update."""
    frames = list(run_steps(trial, X, y, learning_rate))
    depth, learning = len(trial.layers), []
    for frame in frames[: depth + 1 : -1]:
        name = main_parameter(frame.before)
        gradient = frame.gradients.get(name) if name else None
        if name is None or gradient is None:
            learning.append(Learning(None, None, frame.before))
        else:
            learning.append(Learning(rms(gradient), update_ratio(frame, name), frame.before))
    loss_gradient = frames[depth + 1].input_gradient
    assert loss_gradient is not None
    return learning, rms(loss_gradient)
