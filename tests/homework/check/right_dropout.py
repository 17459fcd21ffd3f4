# expected: nothing
import numpy as np


class Dropout:
    def __init__(self, p=0.4):
        self.p = p

    def forward_propagation(self, X):
        self.mask = (np.random.rand(*X.shape) >= self.p) / (1 - self.p)
        return X * self.mask

    def backward_propagation(self, dY, lr):
        return dY * self.mask


class Dense:
    def __init__(self):
        self.W = np.random.default_rng(1).normal(size=(5, 2))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W

    def backward_propagation(self, dY, lr):
        dX = dY @ self.W.T
        self.W -= lr * self.X.T @ dY
        return dX


network = [Dropout(), Dense()]
