# expected: 0:bias-not-summed:b
import numpy as np


class Affine:
    def __init__(self, n, m):
        self.W = np.random.default_rng(12).normal(size=(n, m))
        self.b = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, dY, lr):
        dX = dY @ self.W.T
        self.W -= lr * self.X.T @ dY
        self.b -= lr * dY[0]
        return dX


network = [Affine(4, 2)]
