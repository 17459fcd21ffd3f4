"""A class with `layers`, some of them classes themselves; slots; the loss as functions of the file."""

import numpy as np


class Affine:
    __slots__ = ("W", "b", "_x")

    sizes = (784, 12)
    seed = 3

    def __init__(self):
        rng = np.random.default_rng(self.seed)
        self.W = rng.uniform(-0.05, 0.05, self.sizes)
        self.b = rng.uniform(-0.05, 0.05, self.sizes[1])
        self._x = None

    def forward_propagation(self, X):
        self._x = X
        return X @ self.W + self.b

    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.W.T
        self.W -= learning_rate * (self._x.T @ dE_dY)
        self.b -= learning_rate * dE_dY.sum(axis=0)
        return dE_dX


class Second(Affine):
    sizes = (12, 10)
    seed = 4


class Tanh:
    def forward_propagation(self, X):
        self.X = X
        return np.tanh(X)

    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY * (1 - np.tanh(self.X) ** 2)


def loss(y_true, y_pred):
    return ((y_true - y_pred) ** 2).mean()


def loss_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_pred.size


class Homework:
    layers = [Affine, Tanh, Second(), Tanh]
