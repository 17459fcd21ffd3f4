"""Trained networks as Keras files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nnstep.activations import LEAK
from nnstep.batchnorm import EPSILON
from nnstep.errors import NnstepError
from nnstep.frameworks.keras_import import import_keras, precision
from nnstep.frameworks.keras_network import fill, layers_of
from nnstep.layers import Array, Layer

FUNCTIONS = ("tanh", "relu", "sigmoid", "softmax", "elu", "gelu")


def keras_bytes(layers: Sequence[Layer], shape: tuple[int, ...], dtype: DTypeLike) -> bytes:
    """A `keras.Sequential` of Keras' own layers, as `model.save` writes it.

    Args:
        layers: of the network.
        shape: of one sample.
        dtype: float64 or float32.

    Raises:
        NnstepError: Keras has no counterpart of a layer.
    """
    keras = import_keras()
    with precision(dtype), tempfile.TemporaryDirectory() as folder:
        groups = [layers_of(keras, layer, dtype, by_name=True) for layer in layers]
        model = keras.Sequential([keras.Input(shape), *(part for group in groups for part in group)])
        for layer, group in zip(layers, groups, strict=True):
            fill(group, layer)
        path = Path(folder) / "network.keras"
        model.save(path)
        return path.read_bytes()


def read_keras(path: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """Reads a model: arrays as `0.weights`, and `layers`, its description in one line.

    Raises:
        NnstepError: it is damaged, or holds something that nnstep has not.
    """
    keras = import_keras()
    with precision(np.float64):
        try:
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
            shape = model.input_shape[1:]
        except Exception as error:
            reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise NnstepError(f"{path}: not a Keras model that can be read ({reason})") from None
        reader = _Reader(path)
        for layer in model.layers:
            reader.take(layer)
        if not _is_chain(model):
            raise NnstepError(f"{path}: expected a model whose layers come one after the other, each once")
    if not all(isinstance(size, int) for size in shape) or len(shape) not in (1, 2, 3):
        raise NnstepError(f"{path}: expected an input of fixed size, received {shape}")
    sizes = shape[:2] if len(shape) == 3 and shape[2] == 1 else shape
    return reader.arrays, {"layers": ",".join(["x".join(map(str, sizes)), *reader.parts])}


def _is_chain(model: Any) -> bool:
    """The model gives what its layers give one after the other, as far as a few numbers tell."""
    X = np.random.default_rng(0).uniform(-1, 1, (2, *(size or 1 for size in model.input_shape[1:])))
    Y: Any = X
    try:
        for layer in model.layers:
            Y = Y if type(layer).__name__ == "InputLayer" else layer(Y)
        expected = model(X)
        return np.shape(Y) == np.shape(expected) and np.allclose(Y, expected, rtol=1e-4, atol=1e-5)
    except Exception:  # where shapes do not fit, Keras raises what it likes
        return False


class _Reader:
    """Takes a model's layers one after the other, and puts down what each is in nnstep."""

    def __init__(self, path: str) -> None:
        self.path, self.parts, self.arrays = path, [], {}  # type: tuple[str, list[str], dict[str, Array]]
        self.number, self.padding = 0, 0

    def take(self, layer: Any) -> None:
        kind = type(layer).__name__
        takers: dict[str, Callable[[Any], str | None]] = {
            "InputLayer": lambda layer: None,
            "Dense": self.dense,
            "Conv2D": self.conv,
            "ZeroPadding2D": self.pad,
            "MaxPooling2D": lambda layer: self.pool(layer, "maxpool"),
            "AveragePooling2D": lambda layer: self.pool(layer, "avgpool"),
            "BatchNormalization": self.batchnorm,
            "Dropout": lambda layer: f"dropout {layer.rate!r}",
            "Flatten": lambda layer: "flatten",
            "Softmax": lambda layer: "softmax",
            "ReLU": self.relu,
            "LeakyReLU": lambda layer: "leaky_relu" if np.isclose(layer.negative_slope, LEAK) else self.refuse(layer),
            "ELU": lambda layer: "elu" if layer.alpha == 1 else self.refuse(layer),
            "Activation": lambda layer: self.function(layer) or "identity",
        }
        if kind not in takers or (self.padding and kind != "Conv2D"):
            self.refuse(layer)
        part = takers[kind](layer)
        self.parts += [part] if part else []
        if kind in ("Dense", "Conv2D") and (function := self.function(layer)):
            self.parts.append(function)

    def refuse(self, layer: Any, part: str = "") -> str:
        raise NnstepError(
            f"{self.path}: nnstep has no counterpart of {part}the Keras layer {layer.name} ({type(layer).__name__})"
        )

    def function(self, layer: Any) -> str | None:
        """The activation of a layer; None for none."""
        name = getattr(layer.activation, "__name__", type(layer.activation).__name__)
        if name == "linear":
            return None
        if name not in FUNCTIONS:
            self.refuse(layer, f"the activation {name} of ")
        return str(name)

    def dense(self, layer: Any) -> str:
        self.put(weights=layer.kernel, bias=layer.bias if layer.use_bias else np.zeros(layer.units))
        return str(layer.units)

    def conv(self, layer: Any) -> str:
        height, width = layer.kernel_size
        strides = set(layer.strides)
        same = layer.padding == "same"
        simple = layer.data_format == "channels_last" and set(layer.dilation_rate) == {1} and layer.groups == 1
        if len(strides) != 1 or not simple or (same and (strides != {1} or height != width or height % 2 == 0)):
            self.refuse(layer)
        self.put(weights=layer.kernel, bias=layer.bias if layer.use_bias else np.zeros(layer.filters))
        padding = height // 2 if same else self.padding
        self.padding = 0
        stride = f" stride {layer.strides[0]}" if strides != {1} else ""
        return f"conv {layer.filters} {height}x{width}{stride}{f' pad {padding}' if padding else ''}"

    def pad(self, layer: Any) -> None:
        sizes = {size for pair in layer.padding for size in pair}
        if len(sizes) != 1:
            self.refuse(layer)
        (self.padding,) = sizes

    def pool(self, layer: Any, kind: str) -> str:
        height, width = layer.pool_size
        if layer.padding != "valid" or len(set(layer.strides)) != 1:
            self.refuse(layer)
        return f"{kind} {height}x{width} stride {layer.strides[0]}"

    def relu(self, layer: Any) -> str:
        if layer.max_value is not None or layer.negative_slope or layer.threshold:
            self.refuse(layer)
        return "relu"

    def batchnorm(self, layer: Any) -> str:
        if not np.isclose(layer.epsilon, EPSILON) or not layer.center or not layer.scale:
            raise NnstepError(
                f"{self.path}: {layer.name} expected to have epsilon {EPSILON:g}, center and scale, as nnstep's has, "
                f"received epsilon {layer.epsilon:g}"
            )
        self.put(gamma=layer.gamma, beta=layer.beta)
        self.number -= 1
        self.put(**{"state.running_mean": layer.moving_mean, "state.running_variance": layer.moving_variance})
        return "batchnorm"

    def put(self, **named: Any) -> None:
        values = {name: np.array(getattr(value, "value", value)) for name, value in named.items()}
        self.arrays |= {f"{self.number}.{name}": array for name, array in values.items()}
        self.number += 1
