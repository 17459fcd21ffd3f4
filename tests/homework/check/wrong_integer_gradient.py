# expected: 0:integer:weights
import numpy as np


class Dense:
    def __init__(self):
        self.weights = np.random.default_rng(0).normal(size=(4, 3))
        self.bias = np.zeros(3)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.weights + self.bias

    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.weights.T
        dE_dW = np.zeros((4, 3), dtype=int)
        for i in range(4):
            for j in range(3):
                dE_dW[i, j] = self.X[0, i] * dE_dY[0, j]
        self.weights -= learning_rate * dE_dW
        self.bias -= learning_rate * dE_dY.sum(axis=0)
        return dE_dX


network = [Dense()]
