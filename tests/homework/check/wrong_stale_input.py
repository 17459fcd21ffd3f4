# expected: 0:stale-input:weights
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.weights = np.random.default_rng(n).normal(size=(n, m))
        self.bias = np.zeros((1, m))
        self.input = None

    def forward_propagation(self, X):
        if self.input is None:
            self.input = X
        return X @ self.weights + self.bias

    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.weights.T
        self.weights -= learning_rate * self.input.T @ dE_dY
        self.bias -= learning_rate * dE_dY
        return dE_dX


network = [Dense(4, 3)]
