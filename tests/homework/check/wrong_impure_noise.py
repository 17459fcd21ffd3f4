# expected: 0:impure:Y
import numpy as np


class Noisy:
    def __init__(self):
        self.w = np.random.default_rng(1).normal(size=(4, 3))

    def forward_propagation(self, X):
        self.X = X + np.random.normal(0, 0.01, X.shape)
        return self.X @ self.w

    def backward_propagation(self, dY, lr):
        dX = dY @ self.w.T
        self.w -= lr * self.X.T @ dY
        return dX


network = [Noisy()]
