# expected: nothing
import numpy as np


class Dense:
    """All parameters in one vector, W and b are views of it."""

    def __init__(self, n, m):
        self.theta = np.random.default_rng(0).normal(size=n * m + m)
        self.W = self.theta[: n * m].reshape(n, m)
        self.b = self.theta[n * m :]

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, dY, lr):
        dX = dY @ self.W.T
        grad = np.concatenate([(self.X.T @ dY).ravel(), dY.sum(axis=0)])
        self.theta -= lr * grad
        return dX


network = [Dense(4, 3)]
