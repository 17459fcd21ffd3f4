# expected: nothing
import numpy as np


class Dense:
    """The bias is the last row of the weights."""

    def __init__(self, n, m):
        self.W = np.random.default_rng(0).normal(size=(n + 1, m))

    def forward_propagation(self, X):
        self.X = np.hstack([X, np.ones((len(X), 1))])
        return self.X @ self.W

    def backward_propagation(self, dY, lr):
        dX = (dY @ self.W.T)[:, :-1]
        self.W -= lr * self.X.T @ dY
        return dX


network = [Dense(4, 3)]
