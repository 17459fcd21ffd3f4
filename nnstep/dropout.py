"""Dropout: while the network learns, a part of the numbers is left out, others in each sample."""

from __future__ import annotations

import numpy as np

from nnstep.errors import NnstepError
from nnstep.layers import Array, Layer


class DropoutLayer(Layer):
    """Y = X ∘ mask / (1 − rate), each number of the mask 0 with the probability `rate`, else 1; Y = X in evaluation.

    Dividing while it learns spares to multiply afterwards ("inverted dropout"; Srivastava et al. 2014). The masks
    depend on the seed and on how many were drawn before, so that going back to a sample finds its mask again.

    Args:
        rate: which share is left out, from 0 to below 1.
        seed: where the masks are drawn from; several numbers for a stream of its own.

    Raises:
        NnstepError: the rate is another number.
    """

    def __init__(self, rate: float, seed: int | tuple[int, ...] = 0) -> None:
        if not 0 <= rate < 1:
            raise NnstepError(f"dropout expected a rate from 0 to below 1, received {rate:g}")
        self.rate, self.seed = rate, (seed,) if isinstance(seed, int) else seed
        self.drawn = np.zeros(())
        self.mask: Array = np.ones((0, 0))
        self.input: Array = np.zeros((0, 0))

    @property
    def state(self) -> dict[str, Array]:
        """`drawn`, how many masks were drawn."""
        return {"drawn": self.drawn}

    @property
    def details(self) -> dict[str, Array]:
        """`mask`, and `evaluation`: Y as it would be in evaluation."""
        return {"mask": self.mask, "evaluation": self.input}

    def forward_propagation(self, X: Array) -> Array:
        """Computes Y, of X's shape."""
        self.input, self.mask = X, np.ones_like(X)
        if not self.training:
            return X.copy()
        self.mask = self.draw(X.shape).astype(X.dtype)
        return X * self.mask * X.dtype.type(1 / (1 - self.rate))

    def draw(self, shape: tuple[int, ...]) -> Array:
        """The next mask, zeros and ones."""
        rng = np.random.default_rng([*self.seed, int(self.drawn)])
        self.drawn += 1
        return (rng.random(shape) >= self.rate).astype(np.float64)

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        """Computes dE/dX = dE/dY ∘ mask / (1 − rate); dE/dY in evaluation. There is nothing to update."""
        return dE_dY * self.mask * dE_dY.dtype.type(1 / (1 - self.rate)) if self.training else dE_dY.copy()

    def __repr__(self) -> str:
        return f"dropout {self.rate:g}"
