# expected: 0:stale-input:W
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.default_rng(n).normal(size=(n, m))
        self.b = np.zeros((1, m))
        self.x = np.zeros((1, n))
        self.last = np.zeros((1, n))

    def forward_propagation(self, X):
        self.last = self.x
        self.x = X
        return X @ self.W + self.b

    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.W.T
        self.W -= learning_rate * self.last.T @ dE_dY
        self.b -= learning_rate * dE_dY
        return dE_dX


network = [Dense(4, 3)]
