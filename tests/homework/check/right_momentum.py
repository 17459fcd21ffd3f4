# expected: nothing
import numpy as np


class Dense:
    def __init__(self, n, m, beta=0.9):
        self.W = np.random.default_rng(0).normal(size=(n, m))
        self.b = np.zeros(m)
        self.vW = np.zeros_like(self.W)
        self.vb = np.zeros_like(self.b)
        self.beta = beta

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, dY, lr):
        dX = dY @ self.W.T
        self.vW = self.beta * self.vW + self.X.T @ dY
        self.vb = self.beta * self.vb + dY.sum(axis=0)
        self.W -= lr * self.vW
        self.b -= lr * self.vb
        return dX


network = [Dense(4, 3)]
