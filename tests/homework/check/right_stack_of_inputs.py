# expected: nothing
import numpy as np


class Dense:
    """Keeps a stack, so that one object may stand at two places."""

    def __init__(self, n, m):
        self.W = np.random.default_rng(0).normal(size=(n, m))
        self.inputs = []

    def forward_propagation(self, X):
        self.inputs.append(X)
        return X @ self.W

    def backward_propagation(self, dY, lr):
        X = self.inputs.pop()
        dX = dY @ self.W.T
        self.W -= lr * X.T @ dY
        return dX


network = [Dense(3, 2)]
