# expected: 0:updated-too-early:dE/dX 1:updated-too-early:dE/dX
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.weights = np.random.default_rng(n).normal(size=(n, m))
        self.bias = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.weights + self.bias

    def backward_propagation(self, dE_dY, learning_rate):
        self.weights -= learning_rate * (self.X.T @ dE_dY)
        self.bias -= learning_rate * dE_dY.sum(axis=0)
        return dE_dY @ self.weights.T


network = [Dense(4, 3), Dense(3, 2)]
