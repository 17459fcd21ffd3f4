"""Puts data, network and weights together as the command's options ask for, and checks that they fit."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nnstep.architecture import DEFAULT_LAYERS, build_network, input_shape, output_shape
from nnstep.batchnorm import BatchNormLayer
from nnstep.convolution import ConvLayer
from nnstep.data import load_data
from nnstep.early_stopping import hold_out
from nnstep.errors import NnstepError
from nnstep.layer_parts import Shape
from nnstep.layers import AffineLayer
from nnstep.network import Network
from nnstep.network_file import read_network_file
from nnstep.pooling import FlattenLayer, PoolingLayer
from nnstep.samples import Dataset, Samples
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.storage import Weights, load_weights, put_weights

if TYPE_CHECKING:
    from nnstep.homework import Homework


@dataclass(frozen=True, eq=False, slots=True)
class Workbench:
    """What a command works with; `held_out` are training samples for early stopping alone."""

    data: Dataset
    network: Network
    stack: Stack
    homework: Homework | None = None
    held_out: Samples | None = None


def set_up(options: Namespace, data: Dataset | None = None) -> Workbench:
    """Loads the data where none is given, builds the network, and loads its weights if there are any.

    Raises:
        NnstepError: one of them cannot be had, or they do not fit each other.
    """
    if options.seed < 0:
        raise NnstepError(f"--seed expected to be 0 or more, received {options.seed}")
    weights = load_weights(options.weights) if options.weights else None
    meta = (weights.meta or {}) if weights else {}
    options.loss = options.loss or _text(meta.get("loss"))
    if getattr(options, "net", None):
        options.loss, options.init = options.loss or "mse", options.init or "lecun"
        return _set_up_homework(options, weights)
    layers = options.layers or _text(meta.get("layers")) or DEFAULT_LAYERS
    if layers.lower().endswith(".toml"):
        file = read_network_file(layers)
        layers, options.loss, options.init = file.layers, options.loss or file.loss, options.init or file.init
    options.loss, options.init = options.loss or "mse", options.init or "lecun"
    network = build_network(layers, options.loss, options.init, options.seed, options.dtype)
    data = data or load_data(options.data, options.limit, options.test_limit)
    check_fit(network, data)
    data, held_out = _held_out(options, data)
    stack = Stack(network.layers, network.loss)
    if weights:
        put_weights(stack, weights, options.weights)
    return Workbench(data, network, stack, held_out=held_out)


def _set_up_homework(options: Namespace, weights: Weights | None) -> Workbench:
    """The student's network in place of one of nnstep's own."""
    from nnstep.adapting import HomeworkStack
    from nnstep.homework import load_homework
    from nnstep.student_weights import put_student_weights

    if options.layers:
        raise NnstepError("--net and --layers exclude each other", "Leave one of them out")
    homework = load_homework(options.net, options.time_limit, options.seed)
    data, held_out = _held_out(options, load_data(options.data, options.limit, options.test_limit))
    stack = HomeworkStack(homework, data)
    if weights:
        put_student_weights(stack, weights, options.weights)
    return Workbench(data, Network(stack.layers, stack.loss), stack, homework, held_out)  # type: ignore[arg-type]


def _held_out(options: Namespace, data: Dataset) -> tuple[Dataset, Samples | None]:
    """What to train on, and what early stopping judges by where it is asked for."""
    if not getattr(options, "patience", None):
        return data, None
    train, held_out = hold_out(data.train)
    return replace(data, train=train), held_out


def settings_of(options: Namespace) -> Settings:
    """The training settings that the options name."""
    more = ("optimizer", "weight_decay", "clip_norm", "schedule", "augment")
    given = {name: getattr(options, name) for name in more if getattr(options, name, None) is not None}
    return Settings(options.learning_rate, options.batch_size, options.shuffle, options.seed, **given)


def check_fit(network: Network, data: Dataset) -> None:
    """Compares the sizes of a network with those of its data.

    Raises:
        NnstepError: naming the size that does not match.
    """
    inputs, outputs = size_of(input_shape(network)), size_of(output_shape(network))
    pixels, classes = data.train.pixels.shape[1], data.train.classes
    if inputs != pixels:
        height, width = data.train.shape
        raise NnstepError(
            f"the network takes {inputs} inputs, but the samples of '{data.name}' have {height} × {width} = {pixels}",
            f"Begin --layers with {pixels}",
        )
    if outputs != classes:
        raise NnstepError(
            f"the network gives {outputs} outputs, but there are {classes} classes",
            f"End --layers with {classes}, or with {classes} and an activation",
        )


def size_of(shape: Shape | None) -> int:
    """How many numbers a shape has."""
    return int(np.prod(shape)) if shape is not None else 0


def check_batches(network: Network, settings: Settings) -> None:
    """Raises an NnstepError where batch normalisation would normalise one number alone."""
    for number, layer in enumerate(network.layers, 1):
        if isinstance(layer, BatchNormLayer) and settings.batch_size == 1 and not _after_pictures(network, number):
            raise NnstepError(
                f"batchnorm {number} has nothing to normalise in batches of one sample", "Give --batch-size 2 or more"
            )


def _after_pictures(network: Network, number: int) -> bool:
    """The layer with this number gets pictures of more than one pixel."""
    height, width = 1, 1
    for layer in network.layers[:number]:
        if isinstance(layer, ConvLayer | PoolingLayer):
            height, width, _ = layer.output_picture
        elif isinstance(layer, AffineLayer | FlattenLayer):
            height, width = 1, 1
    return height * width > 1


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def check_sample(number: int, count: int, what: str) -> None:
    """Raises an NnstepError where a sample number is not one of 0 … count − 1."""
    if not 0 <= number < count:
        raise NnstepError(f"--sample expected a number from 0 to {count - 1} ({what}), received {number}")
