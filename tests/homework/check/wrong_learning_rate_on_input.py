# expected: 0:learning-rate:dE/dX
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.default_rng(n).normal(size=(n, m))
        self.b = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, dE_dY, learning_rate):
        step = learning_rate * dE_dY
        dE_dX = step @ self.W.T
        self.W -= self.X.T @ step
        self.b -= step.sum(axis=0)
        return dE_dX


network = [Dense(4, 3)]
