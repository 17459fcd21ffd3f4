"""Batch normalisation: each feature gets mean 0 and variance 1 over the batch, then what is learned."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from nnstep.errors import NnstepError
from nnstep.layers import Array, Layer

EPSILON = 1e-5
MOMENTUM = 0.1


class BatchNormLayer(Layer):
    """Y = γ (X − mean) / √(variance + 1e−5) + β (Ioffe and Szegedy 2015), for each feature, which is X's last axis.

    While it learns, mean and variance are the batch's (and of all pixels, for pictures), and running ones follow them:
    running ← 0.9 running + 0.1 batch's, with the variance of n numbers made n / (n − 1) times as large, as in PyTorch.
    In evaluation the running ones are used. A batch that is one row has variance 0: then Y = β, and dE/dX = 0.

    Args:
        features: the length of X's last axis.
        dtype: float64 or float32.
    """

    def __init__(self, features: int, dtype: DTypeLike = np.float64) -> None:
        self.gamma: Array = np.ones(features, dtype)
        self.beta: Array = np.zeros(features, dtype)
        self.gamma_gradient: Array = np.zeros_like(self.gamma)
        self.beta_gradient: Array = np.zeros_like(self.beta)
        self.running_mean: Array = np.zeros(features, dtype)
        self.running_variance: Array = np.ones(features, dtype)
        self.input = self.normalised = np.zeros((0, features), dtype)
        self.mean, self.variance = self.running_mean.copy(), self.running_variance.copy()

    @property
    def parameters(self) -> dict[str, Array]:
        """`gamma` and `beta`, (features,)."""
        return {"gamma": self.gamma, "beta": self.beta}

    @property
    def gradients(self) -> dict[str, Array]:
        """dE/dγ and dE/dβ of the last backward call, (features,)."""
        return {"gamma": self.gamma_gradient, "beta": self.beta_gradient}

    @property
    def state(self) -> dict[str, Array]:
        """`running_mean` and `running_variance`, (features,)."""
        return {"running_mean": self.running_mean, "running_variance": self.running_variance}

    @property
    def details(self) -> dict[str, Array]:
        """`mean`, `variance`, `normalised` of the batch, and `evaluation`: Y as it would be in evaluation."""
        evaluation = self.gamma * self._normalise(self.input, self.running_mean, self.running_variance) + self.beta
        found = {"mean": self.mean, "variance": self.variance, "normalised": self.normalised}
        return found | {"evaluation": evaluation}

    def forward_propagation(self, X: Array) -> Array:
        """Computes Y, of X's shape.

        Raises:
            NnstepError: X has another number of features.
        """
        if X.shape[-1] != len(self.gamma):
            raise NnstepError(f"{self} expected X with {len(self.gamma)} features, received shape {X.shape}")
        self.input = X
        self.mean, self.variance = self.running_mean.copy(), self.running_variance.copy()
        if self.training:
            rows = X.reshape(-1, len(self.gamma))
            self.mean, self.variance = rows.mean(axis=0), rows.var(axis=0)
            self._follow(len(rows))
        self.normalised = self._normalise(X, self.mean, self.variance)
        return self.gamma * self.normalised + self.beta

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        """Computes dE/dX, dE/dγ = Σ dE/dY x̂ and dE/dβ = Σ dE/dY, then descends by them.

        With x̂ = (X − mean) / √(variance + 1e−5), and means over the batch since mean and variance depend on X too:
        dE/dX = γ / √(variance + 1e−5) · (dE/dY − mean(dE/dY) − x̂ mean(dE/dY x̂)).

        Args:
            dE_dY: of X's shape.
            learning_rate: η in γ ← γ − η dE/dγ.

        Returns:
            dE/dX, from the parameters before the update.
        """
        rows, x = dE_dY.reshape(-1, len(self.gamma)), self.normalised.reshape(-1, len(self.gamma))
        self.gamma_gradient, self.beta_gradient = (rows * x).sum(axis=0), rows.sum(axis=0)
        change = rows
        if self.training:
            change = rows - self.beta_gradient / len(rows) - x * (self.gamma_gradient / len(rows))
        dE_dX = change * (self.gamma / np.sqrt(self.variance + EPSILON))
        self.gamma -= learning_rate * self.gamma_gradient
        self.beta -= learning_rate * self.beta_gradient
        back: Array = dE_dX.reshape(dE_dY.shape)
        return back

    def _follow(self, count: int) -> None:
        """Moves the running mean and variance a tenth of the way to the batch's."""
        self.running_mean += MOMENTUM * (self.mean - self.running_mean)
        self.running_variance += MOMENTUM * (self.variance * (count / max(count - 1, 1)) - self.running_variance)

    def _normalise(self, X: Array, mean: Array, variance: Array) -> Array:
        normalised: Array = (X - mean) / np.sqrt(variance + EPSILON)
        return normalised

    def __repr__(self) -> str:
        return f"batchnorm {len(self.gamma)}"
