# expected: nothing
import numpy as np


class Dense:
    """Keeps a transposed view of its weights."""

    def __init__(self, n, m):
        self.W = np.random.default_rng(0).normal(size=(n, m))
        self.WT = self.W.T
        self.b = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, dY, lr):
        dX = dY @ self.WT
        self.W -= lr * self.X.T @ dY
        self.b -= lr * dY.sum(axis=0)
        return dX


network = [Dense(4, 3)]
