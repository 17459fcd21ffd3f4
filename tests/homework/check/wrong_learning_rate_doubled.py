# expected: 0:learning-rate:W 0:learning-rate:b
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.default_rng(n).normal(size=(n, m))
        self.b = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.W.T
        dW = learning_rate * self.X.T @ dE_dY
        db = learning_rate * dE_dY.sum(axis=0)
        self.W -= learning_rate * dW
        self.b -= learning_rate * db
        return dE_dX


network = [Dense(4, 3)]
