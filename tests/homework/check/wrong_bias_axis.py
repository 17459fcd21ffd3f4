# expected: 0:axis:bias
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.weights = np.random.default_rng(2).normal(size=(n, m))
        self.bias = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.weights + self.bias

    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.weights.T
        self.weights -= learning_rate * (self.X.T @ dE_dY)
        self.bias -= learning_rate * dE_dY.sum(axis=1)
        return dE_dX


network = [Dense(4, 3)]
