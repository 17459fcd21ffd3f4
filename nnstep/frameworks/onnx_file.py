"""Trained networks as ONNX files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nnstep import __version__
from nnstep.activations import LEAK
from nnstep.batchnorm import EPSILON, BatchNormLayer
from nnstep.convolution import ConvLayer
from nnstep.dropout import DropoutLayer
from nnstep.errors import NnstepError
from nnstep.frameworks.pixel_order import kept_in, with_channels_first
from nnstep.layers import ActivationLayer, AffineLayer, Array, Layer, SoftmaxLayer
from nnstep.pooling import FlattenLayer, PoolingLayer

OPERATION_SET, FORMAT = 17, 8
FUNCTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "tanh": ("Tanh", {}),
    "relu": ("Relu", {}),
    "sigmoid": ("Sigmoid", {}),
    "identity": ("Identity", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": LEAK}),
    "elu": ("Elu", {"alpha": 1.0}),
}


def onnx_bytes(layers: Sequence[Layer], shape: tuple[int, ...], dtype: DTypeLike) -> bytes:
    """A model with the input `input`, (batch, inputs) or (batch, channels, height, width), and the output `output`.

    Dropout, which does nothing in evaluation, is left out.

    Args:
        layers: of the network.
        shape: of one sample: (inputs,), or (height, width, channels).
        dtype: float64 or float32.

    Raises:
        NnstepError: a layer has no counterpart.
    """
    import onnx
    from onnx import helper

    writer = _Writer(onnx, np.dtype(dtype))
    value = "input"
    for layer, arrays in zip(layers, with_channels_first(layers, kept_in(layers)), strict=True):
        value = writer.layer(layer, arrays, value)
    writer.add("Identity", [value], output="output")
    real = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    size = list(shape) if len(shape) == 1 else [shape[2], shape[0], shape[1]]
    given = helper.make_tensor_value_info("input", real, ["batch", *size])
    made = helper.make_tensor_value_info("output", real, ["batch", None])
    graph = helper.make_graph(writer.nodes, "network", [given], [made], writer.constants)
    model = helper.make_model(
        graph,
        producer_name="nnstep",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPERATION_SET)],
        ir_version=FORMAT,
    )
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


class _Writer:
    """Collects the nodes and the constants of a graph."""

    def __init__(self, onnx: Any, dtype: np.dtype[Any]) -> None:
        self.onnx, self.dtype = onnx, dtype
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def layer(self, layer: Layer, arrays: dict[str, Array], value: str) -> str:
        """Adds what a layer computes, and returns the name of its output."""
        if isinstance(layer, AffineLayer):
            return self.add("Gemm", [value, *self.put(arrays["weights"], arrays["bias"])])
        if isinstance(layer, ConvLayer):
            filters = arrays["weights"].transpose(3, 2, 0, 1)
            known: dict[str, Any] = {
                "kernel_shape": layer.kernel,
                "strides": [layer.stride] * 2,
                "pads": [layer.padding] * 4,
            }
            return self.add("Conv", [value, *self.put(filters, arrays["bias"])], **known)
        if isinstance(layer, PoolingLayer):
            kind = "MaxPool" if layer.kind == "maxpool" else "AveragePool"
            return self.add(kind, [value], kernel_shape=layer.window, strides=[layer.stride] * 2)
        if isinstance(layer, BatchNormLayer):
            names = ("gamma", "beta", "running_mean", "running_variance")
            return self.add("BatchNormalization", [value, *self.put(*(arrays[n] for n in names))], epsilon=EPSILON)
        if isinstance(layer, DropoutLayer):
            return value
        if isinstance(layer, FlattenLayer):
            return self.add("Flatten", [value])
        if isinstance(layer, SoftmaxLayer):
            return self.add("Softmax", [value], axis=1)
        name = layer.activation.name if isinstance(layer, ActivationLayer) else ""
        if name == "gelu":
            return self._gelu(value)
        if name not in FUNCTIONS:
            raise NnstepError(f"ONNX has no counterpart of the layer {layer}")
        kind, numbers = FUNCTIONS[name]
        return self.add(kind, [value], **numbers)

    def add(self, kind: str, inputs: list[str], *, output: str = "", **known: Any) -> str:
        """Adds a node, and returns the name of its output."""
        output = output or f"value{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [output], **known))
        return output

    def put(self, *arrays: Any) -> list[str]:
        """Adds constants, and returns their names."""
        names = []
        for array in arrays:
            names.append(f"constant{len(self.constants)}")
            found = np.ascontiguousarray(np.asarray(array, self.dtype))
            self.constants.append(self.onnx.numpy_helper.from_array(found, names[-1]))
        return names

    def _gelu(self, value: str) -> str:
        root, one, half = self.put(np.array(math.sqrt(2)), np.array(1.0), np.array(0.5))
        share = self.add("Add", [self.add("Erf", [self.add("Div", [value, root])]), one])
        return self.add("Mul", [self.add("Mul", [value, share]), half])
