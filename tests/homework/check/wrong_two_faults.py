# expected: 0:bias-missing:b 0:updated-too-early:dE/dX 1:derivative-at-output:dE/dX
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.default_rng(0).normal(size=(n, m))
        self.b = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, dY, lr):
        self.W -= lr * self.X.T @ dY
        return dY @ self.W.T


class Tanh:
    def forward_propagation(self, X):
        self.X = np.tanh(X)
        return self.X

    def backward_propagation(self, dY, lr):
        return dY * (1 - np.tanh(self.X) ** 2)


network = [Dense(4, 3), Tanh()]
