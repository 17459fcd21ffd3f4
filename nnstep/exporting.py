"""The command `nnstep export`: a trained network as a file of Keras, PyTorch or ONNX."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from nnstep.adapting import HomeworkStack
from nnstep.architecture import DEFAULT_LAYERS, build_network, describe_layers, input_shape
from nnstep.branches import parse_position
from nnstep.errors import NnstepError
from nnstep.extras import import_extra
from nnstep.frameworks.base import import_framework
from nnstep.network import Network
from nnstep.samples import Samples
from nnstep.stack import Stack
from nnstep.storage import check_writable, load_weights, put_weights, write_whole

COMPARED = 8
KINDS = {".keras": "keras", ".pt": "torch", ".pth": "torch", ".onnx": "onnx"}


def export(options: Namespace) -> int:
    """Writes the file, and says what it is."""
    kind = KINDS.get(Path(options.to).suffix.lower())
    if kind is None:
        raise NnstepError(f"--to expected a file that ends in {', '.join(KINDS)}, received '{options.to}'")
    if kind == "onnx":
        import_extra("onnx", "onnx", "onnx")
    else:
        import_framework(kind)
    check_writable(options.to)
    network, stored = trained_network(options)
    data, said = _written(kind, network, options.dtype or (stored if kind == "torch" else "float32"))
    write_whole(options.to, lambda file: file.write(data))
    print(f"{options.to}: {describe_layers(network)}, {said}")
    return 0


def trained_network(options: Namespace) -> tuple[Network, str]:
    """The network with its trained parameters, and in which type they were stored.

    Raises:
        NnstepError: the file cannot be read, or does not fit the layers.
    """
    if options.file.lower().endswith(".nnrun"):
        from nnstep.commands import open_saved

        if options.layers:
            raise NnstepError("a run knows its layers; leave --layers out")
        options.run = options.file
        bench, timeline = open_saved(options)
        if options.at:
            timeline.visit(parse_position(options.at), options.branch)
        if isinstance(bench.stack, HomeworkStack):
            return _known_network(bench.stack, bench.network, bench.data.train), np.dtype(bench.stack.dtype).name
        return bench.network, np.dtype(bench.stack.dtype).name
    if options.at or options.branch:
        raise NnstepError("--at and --branch go with a run, FILE.nnrun")
    weights = load_weights(options.file)
    meta: dict[str, Any] = weights.meta or {}
    layers, loss = options.layers or meta.get("layers") or DEFAULT_LAYERS, meta.get("loss") or "mse"
    if meta.get("net") and not options.layers:
        raise NnstepError(
            f"{options.file}: holds weights of {meta['net']}, but not which layers these are",
            "Export a run that train --save-run wrote, or describe them with --layers",
        )
    types = {array.dtype for arrays in weights.arrays for array in arrays.values()}
    stored = "float32" if types == {np.dtype(np.float32)} else "float64"
    network = build_network(str(layers), str(loss), dtype=stored)
    put_weights(Stack(network.layers, network.loss), weights, options.file)
    return network, stored


def _known_network(stack: HomeworkStack, theirs: Network, samples: Samples) -> Network:
    """The network of nnstep's layers that computes what a student's does.

    Raises:
        NnstepError: there is none.
    """
    from nnstep.frameworks.student_twin import known_layers

    layers = known_layers(stack)[0]
    known = Network(layers, stack.loss)
    X = samples.inputs(slice(0, COMPARED), stack.dtype)
    if not np.allclose(stack.guard(lambda: theirs.forward(X)), known.forward(X), rtol=1e-4, atol=1e-6):
        raise NnstepError(
            "this homework computes something else than the layers of a framework that it is like",
            "nnstep compare --net FILE.py says where",
        )
    return known


def _written(kind: str, network: Network, dtype: str) -> tuple[bytes, str]:
    """The file's bytes, and what to say of it."""
    size = input_shape(network)
    shape = (size,) if isinstance(size, int) else tuple(size or ())
    if kind == "torch":
        from nnstep.frameworks.torch_file import describe, torch_bytes

        meta = {"layers": describe_layers(network) or "", "loss": _loss_name(network)}
        return torch_bytes(network.layers, meta, dtype), f"{dtype}, a state dict of\n{describe(network.layers)}"
    if kind == "keras":
        from nnstep.frameworks.keras_file import keras_bytes

        return keras_bytes(network.layers, shape, dtype), f"{dtype}, a Keras model"
    from nnstep.frameworks.onnx_file import onnx_bytes

    return onnx_bytes(network.layers, shape, dtype), f"{dtype}, an ONNX model"


def _loss_name(network: Network) -> str:
    from nnstep.losses import LOSSES

    return next((name for name, loss in LOSSES.items() if loss is network.loss), "mse")
