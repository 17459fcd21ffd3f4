# expected: 0:transposed:dE/dX
import numpy as np


class Square:
    def __init__(self, n):
        self.weights = np.random.default_rng(0).uniform(-1, 1, (n, n))
        self.bias = np.zeros(n)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.weights + self.bias

    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.weights
        self.weights -= learning_rate * self.X.T @ dE_dY
        self.bias -= learning_rate * dE_dY.sum(0)
        return dE_dX


network = [Square(4)]
