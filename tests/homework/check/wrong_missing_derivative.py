# expected: 1:missing-derivative:dE/dX
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.weights = np.random.default_rng(n).normal(size=(n, m)) / np.sqrt(n)
        self.bias = np.zeros((1, m))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.weights + self.bias

    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.weights.T
        self.weights -= learning_rate * self.X.T @ dE_dY
        self.bias -= learning_rate * dE_dY.sum(axis=0, keepdims=True)
        return dE_dX


class Sigmoid:
    def forward_propagation(self, X):
        self.Y = 1 / (1 + np.exp(-X))
        return self.Y

    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY


network = [Dense(4, 3), Sigmoid(), Dense(3, 2)]
