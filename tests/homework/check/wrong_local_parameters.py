# expected: 0:factor:W 0:bias-missing:b
import numpy as np


class Dense:
    def __init__(self, i, o):
        self.W = np.random.randn(i, o)
        self.b = np.zeros(o)

    def forward_propagation(self, X):
        self.X = X
        return self.X @ self.W + self.b

    def backward_propagation(self, D, rate):
        dX = D @ self.W.T
        W, b = self.W, self.b
        W = W - rate * self.X.T @ D
        b = b - rate * D.sum(axis=0)
        return dX


network = [Dense(4, 3)]
