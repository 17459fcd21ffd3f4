# expected: 0:bias-not-summed:bias
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.weights = np.random.default_rng(2).normal(size=(n, m))
        self.bias = np.zeros((1, m))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.weights + self.bias

    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.weights.T
        self.weights = self.weights - learning_rate * (self.X.T @ dE_dY)
        self.bias = self.bias - learning_rate * dE_dY
        return dE_dX


network = [Dense(4, 2)]
