# expected: 0:raised:
import numpy as np


class Dense:
    def __init__(self):
        self.w = np.random.default_rng(1).normal(size=(4, 3))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.w

    def backward_propagation(self, dY, lr):
        dX = dY @ self.w
        self.w -= lr * self.X.T @ dY
        return dX


network = [Dense()]
