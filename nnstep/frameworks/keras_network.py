"""A network in Keras on JAX: Keras layers and optimizers, JAX's gradients, its numbers in nnstep's orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnstep.activations import LEAK
from nnstep.batchnorm import EPSILON, MOMENTUM, BatchNormLayer
from nnstep.convolution import ConvLayer
from nnstep.dropout import DropoutLayer
from nnstep.errors import NnstepError
from nnstep.frameworks.base import Blueprint, Observed
from nnstep.frameworks.keras_import import import_keras, precision
from nnstep.layers import ActivationLayer, AffineLayer, Array, Layer, SoftmaxLayer
from nnstep.optimizers import EPSILON as ADAM_EPSILON
from nnstep.optimizers import FIRST, SECOND, SQUARES, Rule
from nnstep.pooling import AveragePoolLayer, FlattenLayer, MaxPoolLayer
from nnstep.stack import Arrays

NAMES = {
    "kernel": "weights",
    "bias": "bias",
    "gamma": "gamma",
    "beta": "beta",
    "moving_mean": "running_mean",
    "moving_variance": "running_variance",
}
OWN_STATE = ("running_variance",)  # Keras follows the variance over n, nnstep and PyTorch that over n − 1


class KerasNetwork:
    """A network in Keras. A layer of nnstep's is one Keras layer, or two where it pads its pictures."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.keras = import_keras()
        import jax

        self.jax = jax
        self.name = f"Keras {self.keras.__version__}"
        self.blueprint, self.rule = blueprint, blueprint.rule
        self.single = any(isinstance(layer, BatchNormLayer) for layer in blueprint.layers)
        with precision(blueprint.dtype):
            self.keras.utils.set_random_seed(0)
            self.groups = [layers_of(self.keras, layer, blueprint.dtype) for layer in blueprint.layers]
            shape = (1, *blueprint.shape)
            for layer, group in zip(blueprint.layers, self.groups, strict=True):
                for part in group:
                    part.build(shape)
                    shape = part.compute_output_shape(shape)
                fill(group, layer)
            for index, name in blueprint.frozen:
                parameters_in(self.groups[index])[name].trainable = False
            everything = [v for group in self.groups for part in group for v in part.variables]
            self.learning = [v for group in self.groups for v in parameters_in(group).values() if v.trainable]
            self.others = [v for v in everything if not any(v is mine for mine in self.learning)]
            self.optimizer = optimizer_of(self.keras, self.rule)
            self.optimizer.build(self.learning)
            parts = [part for group in self.groups for part in group]
            self._model = self.keras.Sequential([self.keras.Input(blueprint.shape), *parts])
        self.updates = 0
        self._run = jax.jit(jax.value_and_grad(self._error, argnums=(0, 1, 2), has_aux=True))
        self._descend = jax.jit(self._descended)

    def step(self, X: Array, y: Array, learning_rate: float, masks: Sequence[Array | None]) -> Observed:
        """Goes forward, back and updates once; see `FrameworkNetwork.step`.

        Raises:
            NnstepError: Keras has no optimizer with the same rule.
        """
        if self.rule.name == "rmsprop":
            raise NnstepError("Keras computes RMSprop in another way, with ε under the root")
        if self.single and self.rule.name in ("adam", "adamw"):
            raise NnstepError(
                "Keras normalises batches in float32, and Adam enlarges what rounding leaves of a gradient"
            )
        dtype = np.dtype(self.blueprint.dtype)
        with precision(dtype):
            before, state = self._parameters(), self._state()
            inputs, target = self._shaped(X), np.asarray(y, dtype)
            kept = [None if mask is None else np.asarray(mask, dtype) for mask in masks]
            others = [v.value for v in self.others]
            probes = [np.zeros(shape, dtype) for shape in self._output_shapes(len(X))]
            now = [v.value for v in self.learning]
            (loss, (outputs, changed)), found = self._run(now, inputs, probes, target, others, kept)
            wanted, input_gradient, output_gradients = found
            for variable, value in zip(self.others, changed, strict=True):
                variable.assign(value)
            self._update(wanted, learning_rate)
            return Observed(
                [np.asarray(Y) for Y in outputs],
                float(loss),
                [np.asarray(gradient) for gradient in output_gradients],
                np.asarray(input_gradient).reshape(X.shape),
                self._by_layer(wanted),
                before,
                self._parameters(),
                state,
                self._state(),
            )

    def epoch(
        self, X: Array, y: Array, learning_rate: float, batch_size: int, report: Callable[[int], object]
    ) -> float:
        """`fit` for one epoch, in the order of the samples; see `FrameworkNetwork.epoch`."""
        with precision(self.blueprint.dtype):
            model = self._compiled()
            model.optimizer.learning_rate = learning_rate
            told = self.keras.callbacks.LambdaCallback(
                on_train_batch_end=lambda batch, logs: report(min((batch + 1) * batch_size, len(X)))
            )
            target = np.asarray(y, self.blueprint.dtype)
            history = model.fit(
                self._shaped(X), target, batch_size, epochs=1, shuffle=False, verbose=0, callbacks=[told]
            )
            return float(history.history["loss"][-1])

    def prepare(self, X: Array, y: Array, batch_size: int) -> None:
        """Compiles by training on a batch of each size, then puts everything back."""
        with precision(self.blueprint.dtype):
            model = self._compiled()
            variables = [*model.variables, *model.optimizer.variables]
            saved = [np.array(variable.value) for variable in variables]
            for size in {min(batch_size, len(X)), len(X) % batch_size} - {0}:
                self.epoch(X[:size], y[:size], 0.0, batch_size, lambda done: None)
            for variable, value in zip(variables, saved, strict=True):
                variable.assign(value)

    def predict(self, X: Array) -> Array:
        """ŷ (samples, outputs), in evaluation."""
        with precision(self.blueprint.dtype):
            output: Array = np.asarray(self._model.predict(self._shaped(X), batch_size=1000, verbose=0))
            return output

    def put(self, layers: Sequence[Layer]) -> None:
        """Copies the parameters and the state of nnstep's layers."""
        with precision(self.blueprint.dtype):
            for layer, group in zip(layers, self.groups, strict=True):
                fill(group, layer)

    def _shaped(self, X: Array) -> Array:
        return np.asarray(X, self.blueprint.dtype).reshape(len(X), *self.blueprint.shape)

    def _output_shapes(self, batch: int) -> list[tuple[int, ...]]:
        shape: tuple[int, ...] = (batch, *self.blueprint.shape)
        found = []
        for group in self.groups:
            for part in group:
                shape = part.compute_output_shape(shape)
            found.append(shape)
        return found

    def _error(
        self, learning: list[Any], inputs: Any, probes: list[Any], target: Any, others: list[Any], masks: list[Any]
    ) -> tuple[Any, tuple[list[Any], list[Any]]]:
        """The loss as a function of parameters, input and of zeros that are added to each layer's output."""
        mapping = [*zip(self.learning, learning, strict=True), *zip(self.others, others, strict=True)]
        outputs, value = [], inputs
        with self.keras.StatelessScope(state_mapping=mapping) as scope:
            for layer, group, mask, probe in zip(self.blueprint.layers, self.groups, masks, probes, strict=True):
                if mask is not None and isinstance(layer, DropoutLayer):
                    value = value * mask / (1 - layer.rate)
                else:
                    for part in group:
                        value = part(value, training=True) if isinstance(layer, BatchNormLayer) else part(value)
                value = value + probe
                outputs.append(value)
            loss = loss_of(self.keras, self.blueprint.loss, target, value) * self.blueprint.loss_factor
        changed = [scope.get_current_value(variable) for variable in self.others]
        changed = [old if new is None else new for old, new in zip(others, changed, strict=True)]
        return loss, (outputs, changed)

    def _update(self, gradients: list[Any], learning_rate: float) -> None:
        if not self.learning:
            return
        self.updates += 1
        self.optimizer.learning_rate = learning_rate
        # Keras adds ε to √V, nnstep and PyTorch to √(V / (1 − 0.999ᵗ)): this ε makes both the same.
        epsilon = ADAM_EPSILON * (1 - SECOND**self.updates) ** 0.5
        state = [v.value for v in self.optimizer.variables]
        values, state = self._descend(state, gradients, [v.value for v in self.learning], epsilon)
        for variable, value in zip([*self.learning, *self.optimizer.variables], [*values, *state], strict=True):
            variable.assign(value)

    def _descended(self, state: list[Any], gradients: list[Any], values: list[Any], epsilon: Any) -> Any:
        if hasattr(self.optimizer, "epsilon"):
            self.optimizer.epsilon = epsilon
        return self.optimizer.stateless_apply(state, self._prepared(gradients, values), values)

    def _prepared(self, gradients: list[Any], values: list[Any]) -> list[Any]:
        """Gradients clipped layer by layer and with weight decay, which Keras does in other ways."""
        np_ = self.jax.numpy
        left = iter(gradients)
        found: list[Any] = []
        for group in self.groups:
            mine = [next(left) for v in parameters_in(group).values() if v.trainable]
            if mine and self.rule.clip_norm is not None:
                norm = np_.sqrt(sum(np_.sum(gradient**2) for gradient in mine))
                mine = [gradient * np_.minimum(1.0, self.rule.clip_norm / (norm + 1e-6)) for gradient in mine]
            found += mine
        if self.rule.weight_decay and self.rule.name != "adamw":
            return [g + self.rule.weight_decay * value for g, value in zip(found, values, strict=True)]
        return found

    def _by_layer(self, gradients: Sequence[Any]) -> list[Arrays]:
        left = iter(gradients)
        return [
            {
                name: np.asarray(next(left)) if v.trainable else np.zeros(v.shape, self.blueprint.dtype)
                for name, v in parameters_in(group).items()
            }
            for group in self.groups
        ]

    def _parameters(self) -> list[Arrays]:
        return [{name: np.array(v.value) for name, v in parameters_in(group).items()} for group in self.groups]

    def _state(self) -> list[Arrays]:
        return [
            {name: np.array(v.value) for name, v in state_in(group).items() if name not in OWN_STATE}
            for group in self.groups
        ]

    def _compiled(self) -> Any:
        if not self._model.compiled:
            optimizer = optimizer_of(self.keras, self.rule)
            loss = fitted_loss(self.keras, self.blueprint.loss)
            self._model.compile(optimizer=optimizer, loss=loss)
            optimizer.build(self._model.trainable_variables)
        return self._model


def layers_of(keras: Any, layer: Layer, dtype: Any, by_name: bool = False) -> list[Any]:
    """The Keras layers that do what a layer does, with fresh parameters.

    Args:
        keras: the module.
        layer: of nnstep's.
        dtype: float64 or float32.
        by_name: only activations that a file can name.

    Raises:
        NnstepError: there are none.
    """
    kinds, kind = keras.layers, {"dtype": np.dtype(dtype).name}
    if isinstance(layer, AffineLayer):
        return [kinds.Dense(layer.weights.shape[1], **kind)]
    if isinstance(layer, ConvLayer):
        padding = [kinds.ZeroPadding2D(layer.padding, **kind)] if layer.padding else []
        return [*padding, kinds.Conv2D(layer.weights.shape[3], layer.kernel, layer.stride, **kind)]
    if isinstance(layer, MaxPoolLayer):
        return [kinds.MaxPooling2D(layer.window, layer.stride, **kind)]
    if isinstance(layer, AveragePoolLayer):
        return [kinds.AveragePooling2D(layer.window, layer.stride, **kind)]
    if isinstance(layer, BatchNormLayer):
        return [kinds.BatchNormalization(momentum=1 - MOMENTUM, epsilon=EPSILON, **kind)]
    if isinstance(layer, DropoutLayer):
        return [kinds.Dropout(layer.rate, seed=0, **kind)]
    if isinstance(layer, FlattenLayer):
        return [kinds.Flatten(**kind)]
    if isinstance(layer, SoftmaxLayer):
        return [kinds.Softmax(**kind)]
    if isinstance(layer, ActivationLayer):
        name = layer.activation.name
        if name == "leaky_relu":
            return [kinds.LeakyReLU(LEAK, **kind)]
        if name == "tanh" and kind["dtype"] == "float64" and not by_name:
            from jax.numpy import tanh  # that of Keras computes in float32

            return [kinds.Activation(tanh, **kind)]
        if name in ("tanh", "relu", "sigmoid", "elu", "gelu", "identity"):
            return [kinds.Activation("linear" if name == "identity" else name, **kind)]
    raise NnstepError(f"Keras has no counterpart of the layer {layer}")


def fill(group: Sequence[Any], layer: Layer) -> None:
    """Copies a layer's parameters and state into its Keras layers."""
    for name, variable in (parameters_in(group) | state_in(group)).items():
        variable.assign(np.array((layer.parameters | layer.state)[name]))  # JAX may go on using the array itself


def parameters_in(group: Sequence[Any]) -> dict[str, Any]:
    """The parameters of Keras layers by nnstep's names."""
    return _named(group, ("kernel", "bias", "gamma", "beta"))


def state_in(group: Sequence[Any]) -> dict[str, Any]:
    """What Keras layers keep beside their parameters, by nnstep's names."""
    return _named(group, ("moving_mean", "moving_variance"))


def _named(group: Sequence[Any], wanted: tuple[str, ...]) -> dict[str, Any]:
    names = ((variable, variable.name) for part in group for variable in part.variables)
    return {NAMES[name]: variable for variable, name in names if name in wanted}


def loss_of(keras: Any, name: str, target: Any, value: Any) -> Any:
    """The loss by its name in nnstep, one number.

    In float64 it is written with JAX: what Keras averages is float32 at most. So is the cross-entropy of shares, which
    Keras divides by their sum first, so that its gradient at them is another one.
    """
    import jax

    np_ = jax.numpy
    if name == "cross_entropy":
        smallest = float(np.finfo(np.dtype(value.dtype)).tiny)
        return -np_.sum(target * np_.log(np_.maximum(value, smallest))) / len(target)
    if np.dtype(value.dtype) == np.float64:
        if name == "mse":
            return np_.mean((target - value) ** 2)
        return -np_.sum(target * jax.nn.log_softmax(value)) / len(target)
    if name == "mse":
        return keras.ops.mean(keras.losses.mean_squared_error(target, value))
    return keras.ops.mean(keras.losses.categorical_crossentropy(target, value, from_logits=True))


def fitted_loss(keras: Any, name: str) -> Any:
    """The loss as `compile` takes it."""
    if name == "mse":
        return keras.losses.MeanSquaredError()
    return keras.losses.CategoricalCrossentropy(from_logits=name == "softmax_cross_entropy")


def optimizer_of(keras: Any, rule: Rule) -> Any:
    """The optimizer of Keras with nnstep's numbers."""
    kinds = keras.optimizers
    moments = {"beta_1": FIRST, "beta_2": SECOND, "epsilon": ADAM_EPSILON}
    if rule.name == "adam":
        return kinds.Adam(**moments)
    if rule.name == "adamw":
        return kinds.AdamW(weight_decay=rule.weight_decay, **moments)
    if rule.name == "rmsprop":
        return kinds.RMSprop(rho=SQUARES, epsilon=ADAM_EPSILON**2)
    return kinds.SGD(momentum=0.0 if rule.name == "sgd" else 0.9, nesterov=rule.name == "nesterov")
