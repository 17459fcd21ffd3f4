# expected: nothing
import numpy as np


class Standardise:
    mean = 0.13
    std = 0.31

    def forward_propagation(self, X):
        return (X - self.mean) / self.std

    def backward_propagation(self, dY, lr):
        return dY / self.std


class Masked:
    """A sparse layer: a fixed mask says which weights exist."""

    def __init__(self, n, m):
        rng = np.random.default_rng(0)
        self.mask = (rng.random((n, m)) > 0.4).astype(float)
        self.W = rng.normal(size=(n, m))
        self.b = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        return X @ (self.W * self.mask) + self.b

    def backward_propagation(self, dY, lr):
        dX = dY @ (self.W * self.mask).T
        self.W -= lr * (self.X.T @ dY) * self.mask
        self.b -= lr * dY.sum(axis=0)
        return dX


network = [Standardise(), Masked(5, 3)]
