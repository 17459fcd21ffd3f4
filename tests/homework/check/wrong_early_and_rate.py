# expected: 0:updated-too-early:dE/dX 0:learning-rate:dE/dX
import numpy as np


class Dense:
    def __init__(self, i, o):
        self.W = np.random.randn(i, o)
        self.b = np.zeros((1, o))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, D, rate):
        self.W -= rate * self.X.T @ D
        self.b -= rate * D.sum(axis=0, keepdims=True)
        return rate * D @ self.W.T


network = [Dense(4, 3)]
