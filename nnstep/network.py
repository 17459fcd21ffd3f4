"""The network: a stack of layers with a loss, that learns and predicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstep.errors import NnstepError
from nnstep.layers import Array, Layer, evaluating
from nnstep.losses import Loss, LossFunction, LossGradient, as_loss


@dataclass(frozen=True)
class Evaluation:
    """How a network does on samples that it does not learn from.

    Attributes:
        loss: mean of the samples' losses.
        correct: samples where argmax(ŷ) = argmax(y).
        strict_correct: samples where every output rounds to its one-hot target.
        samples: how many there were.
    """

    loss: float
    correct: int
    strict_correct: int
    samples: int

    def __str__(self) -> str:
        n = self.samples
        return (
            f"Test set: Avg. loss: {loss_text(self.loss, 4)}, "
            f"Accuracy: {self.correct}/{n} ({100 * self.correct / n:.1f}%), "
            f"strict: {self.strict_correct}/{n} ({100 * self.strict_correct / n:.1f}%)"
        )


class Network:
    """Layers one after the other, and a loss at the end."""

    def __init__(self, layers: list[Layer] | None = None, loss: Loss | None = None) -> None:
        self.layers: list[Layer] = list(layers or [])
        self.loss: Loss = loss or as_loss("mse")

    def add(self, layer: Layer) -> Network:
        """Appends a layer, and returns the network so that calls can be chained.

        Raises:
            NnstepError: it is no layer, such as a name or a class.
        """
        if isinstance(layer, type) or not hasattr(layer, "forward_propagation"):
            received = layer.__name__ if isinstance(layer, type) else repr(layer)
            raise NnstepError(
                f"expected a layer, received {received}", 'Such as AffineLayer(784, 128) or ActivationLayer("tanh")'
            )
        self.layers.append(layer)
        return self

    def use_loss(self, function: str | LossFunction, gradient: LossGradient | None = None) -> Network:
        """Sets the loss: a name, or a function of (y_true, y_pred) and its gradient."""
        self.loss = as_loss(function, gradient)
        return self

    def forward(self, X: Array) -> Array:
        """Runs X (batch, inputs) through all layers and returns ŷ (batch, outputs)."""
        for layer in self.layers:
            X = layer.forward_propagation(X)
        return X

    def backward(self, dE_dY: Array, learning_rate: float) -> Array:
        """Runs dE/dŷ back through all layers, which learn from it, and returns dE/dX of the first."""
        for layer in reversed(self.layers):
            dE_dY = layer.backward_propagation(dE_dY, learning_rate)
        return dE_dY

    def fit(
        self,
        inputs: Array,
        targets: Array,
        epochs: int,
        learning_rate: float,
        batch_size: int = 1,
        shuffle: bool = False,
        seed: int = 0,
        report: Callable[[str], object] = print,
        optimizer: str = "sgd",
    ) -> list[float]:
        """Stochastic gradient descent: forward, loss, backward, for every batch of every epoch.

        Args:
            inputs: (samples, …); what follows the first axis is made one row.
            targets: (samples, outputs), one-hot for classes.
            epochs: how many times to go through all samples.
            learning_rate: η in W ← W − η dE/dW.
            batch_size: how many samples share one update, by the gradient of their mean loss.
            shuffle: take the samples in a new order each epoch, drawn from the seed.
            seed: where that order comes from.
            report: is given the training line of each epoch.
            optimizer: sgd, momentum, nesterov, rmsprop, adam or adamw; it begins anew with each call.

        Returns:
            The error of each epoch: the mean of its samples' losses, each taken before its update.

        Raises:
            NnstepError: inputs, targets and layers do not fit each other, or a number makes no sense.
        """
        inputs, targets = as_rows(inputs), np.asarray(targets)
        self._check_targets(inputs, targets)
        if epochs < 1:
            raise NnstepError(f"epochs expected to be 1 or more, received {epochs}")
        backward = self._learn_with(learning_rate, batch_size, optimizer)
        errors = []
        for epoch in range(1, epochs + 1):
            order = epoch_order(len(inputs), epoch, shuffle, seed)
            total = 0.0
            for rows in batches(order, batch_size):
                Y = self.forward(inputs[rows])
                _check_outputs(Y, targets[rows])
                total += len(rows) * self.loss.function(targets[rows], Y)
                backward(self.loss.gradient(targets[rows], Y), learning_rate)
            errors.append(total / len(inputs))
            report(training_line(epoch, epochs, errors[-1]))
        return errors

    def predict(self, inputs: Array, targets: Array | None = None, report: Callable[[str], object] = print) -> Array:
        """Returns ŷ (samples, outputs); with targets, reports the test line too."""
        inputs = as_rows(inputs)
        with evaluating(self.layers):
            outputs = self.forward(inputs)
        if targets is not None:
            targets = np.asarray(targets)
            self._check_targets(inputs, targets)
            _check_outputs(outputs, targets)
            report(str(evaluate(outputs, targets, self.loss)))
        return outputs

    def summary(self) -> str:
        """A table of the layers, the shapes of their parameters, and how many numbers are learned."""
        lines, total = [], 0
        for number, layer in enumerate(self.layers, 1):
            known = isinstance(layer, Layer)
            parameters = layer.parameters if known else {}
            shapes = ", ".join(f"{name} {array.shape}" for name, array in parameters.items())
            count = sum(array.size for array in parameters.values())
            total += count
            lines.append(f"{number:3}  {repr(layer) if known else type(layer).__name__:24}{shapes:36}{count:>10,}")
        lines.append(f"  E  {self.loss.name:60}{total:>10,}")
        return "\n".join(lines)

    def _learn_with(self, learning_rate: float, batch_size: int, optimizer: str) -> Callable[[Array, float], object]:
        """The backward pass of all layers, with an optimizer."""
        from nnstep.settings import Settings
        from nnstep.stack import Stack

        settings = Settings(learning_rate, batch_size, optimizer=optimizer)
        if optimizer == "sgd":
            return self.backward
        stack = Stack(self.layers, self.loss)
        stack.use_rule(settings.rule)
        return stack.backward

    def _check_targets(self, inputs: Array, targets: Array) -> None:
        if len(inputs) == 0 or len(targets) != len(inputs) or np.ndim(targets) != 2:
            raise NnstepError(
                f"expected one row of targets for each of {len(inputs)} samples, received {np.shape(targets)}",
                "Make class labels one-hot with nnstep.one_hot(labels)",
            )


def _check_outputs(outputs: Array, targets: Array) -> None:
    """Numpy would stretch a column of targets over all outputs, and the loss would mean nothing."""
    if np.shape(outputs) != np.shape(targets):
        raise NnstepError(
            f"expected targets of the outputs' shape {np.shape(outputs)}, received {np.shape(targets)}",
            "Targets have a column for each output",
        )


def as_rows(inputs: Array) -> Array:
    """Makes each sample one row: (samples, 28, 28) or (samples, 1, 784) becomes (samples, 784)."""
    return np.reshape(inputs, (len(inputs), -1)) if len(inputs) else np.asarray(inputs)


def one_hot(labels: NDArray[np.integer], classes: int = 10) -> NDArray[np.float64]:
    """A row for each label, 1 at its class and 0 elsewhere: (samples,) becomes (samples, classes).

    Raises:
        NnstepError: the labels are no whole numbers from 0 to classes − 1.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise NnstepError(
            f"expected labels as whole numbers of shape (samples,), received {labels.dtype} {labels.shape}"
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        wrong = labels[(labels < 0) | (labels >= classes)][0]
        raise NnstepError(f"expected labels from 0 to {classes - 1}, received {wrong}")
    rows: NDArray[np.float64] = np.eye(classes)[labels]
    return rows


def epoch_order(samples: int, epoch: int, shuffle: bool, seed: int) -> NDArray[np.int64]:
    """The order in which an epoch takes its samples; a shuffled one depends on seed and epoch alone."""
    if shuffle:
        return np.random.default_rng([seed, epoch]).permutation(samples)
    return np.arange(samples)


def batches(order: NDArray[np.int64], batch_size: int) -> Iterator[NDArray[np.int64]]:
    """Cuts an order into batches; the last one may be smaller."""
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def loss_text(loss: float, decimals: int = 6) -> str:
    """A loss or error as all lines print it: with decimals, and an exponent where it has grown beyond a million."""
    return f"{loss:.{decimals}e}" if 1e6 <= abs(loss) < np.inf else f"{loss:.{decimals}f}"


def training_line(epoch: int, epochs: int, error: float) -> str:
    """The line that is printed after each epoch."""
    return f"Training epoch {epoch}/{epochs}   error={loss_text(error)}"


def evaluate(outputs: Array, targets: Array, loss: Loss) -> Evaluation:
    """Compares outputs with targets, both (samples, outputs)."""
    losses = [loss.function(targets[i : i + 1], outputs[i : i + 1]) for i in range(len(outputs))]
    return Evaluation(
        loss=float(np.mean(losses)),
        correct=int(np.sum(outputs.argmax(axis=1) == targets.argmax(axis=1))),
        strict_correct=int(np.sum(np.all(np.round(outputs) == targets, axis=1))),
        samples=len(outputs),
    )
