# expected: 0:integer:
import numpy as np


class Dense:
    def __init__(self):
        self.weights = np.array([[1, 2], [3, -1], [0, 1]])
        self.bias = np.array([0.0, 0.5])

    def forward_propagation(self, X):
        self.X = X
        return X @ self.weights + self.bias

    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.weights.T
        self.weights -= learning_rate * self.X.T @ dE_dY
        self.bias -= learning_rate * dE_dY.sum(axis=0)
        return dE_dX


network = [Dense()]
