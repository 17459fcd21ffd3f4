"""Puts data, network and weights together as the command's options ask for, and checks that they fit."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnstep.architecture import DEFAULT_LAYERS, build_network
from nnstep.data import load_data
from nnstep.errors import NnstepError
from nnstep.layers import AffineLayer
from nnstep.network import Network
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.storage import Weights, load_weights, put_weights

if TYPE_CHECKING:
    from nnstep.homework import Homework


@dataclass(frozen=True, eq=False, slots=True)
class Workbench:
    """What a command works with."""

    data: Dataset
    network: Network
    stack: Stack
    homework: Homework | None = None


def set_up(options: Namespace) -> Workbench:
    """Loads the data, builds the network, and loads its weights if there are any.

    Raises:
        NnstepError: one of them cannot be had, or they do not fit each other.
    """
    if options.seed < 0:
        raise NnstepError(f"--seed expected to be 0 or more, received {options.seed}")
    weights = load_weights(options.weights) if options.weights else None
    if getattr(options, "net", None):
        return _set_up_homework(options, weights)
    known = (weights.meta or {}).get("layers") if weights else None
    layers = options.layers or (known if isinstance(known, str) else None) or DEFAULT_LAYERS
    network = build_network(layers, options.loss, options.init, options.seed, options.dtype)
    data = load_data(options.data, options.limit, options.test_limit)
    check_fit(network, data)
    stack = Stack(network.layers, network.loss)
    if weights:
        put_weights(stack, weights, options.weights)
    return Workbench(data, network, stack)


def _set_up_homework(options: Namespace, weights: Weights | None) -> Workbench:
    """The student's network in place of one of nnstep's own."""
    from nnstep.adapting import HomeworkStack
    from nnstep.homework import load_homework
    from nnstep.student_weights import put_student_weights

    if options.layers:
        raise NnstepError("--net and --layers exclude each other", "Leave one of them out")
    homework = load_homework(options.net, options.time_limit, options.seed)
    data = load_data(options.data, options.limit, options.test_limit)
    stack = HomeworkStack(homework, data)
    if weights:
        put_student_weights(stack, weights, options.weights)
    return Workbench(data, Network(stack.layers, stack.loss), stack, homework)  # type: ignore[arg-type]


def settings_of(options: Namespace) -> Settings:
    """The training settings that the options name."""
    return Settings(options.learning_rate, options.batch_size, options.shuffle, options.seed)


def check_fit(network: Network, data: Dataset) -> None:
    """Compares the sizes of a network with those of its data.

    Raises:
        NnstepError: naming the size that does not match.
    """
    affine = [layer for layer in network.layers if isinstance(layer, AffineLayer)]
    inputs, outputs = len(affine[0].weights), len(affine[-1].bias)
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


def check_sample(number: int, count: int, what: str) -> None:
    """Raises an NnstepError where a sample number is not one of 0 … count − 1."""
    if not 0 <= number < count:
        raise NnstepError(f"--sample expected a number from 0 to {count - 1} ({what}), received {number}")
