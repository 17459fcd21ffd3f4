"""Layers with a gradient object, momentum of zero, and a counter; imported by main_guard.py."""

import numpy as np


class Parameter:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)
        self.velocity = np.zeros_like(value)

    def update(self, lr):
        self.velocity = 0 * self.velocity - lr * self.grad
        self.value += self.velocity


class Fully:
    def __init__(self, n_in, n_out, seed):
        rng = np.random.default_rng(seed)
        self.weight = Parameter(rng.uniform(-0.05, 0.05, (n_in, n_out)))
        self.bias = Parameter(rng.uniform(-0.05, 0.05, (n_out,)))
        self.steps = 0

    def forward_propagation(self, X):
        self.X = np.atleast_2d(X)
        return self.X @ self.weight.value + self.bias.value

    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.weight.value.T
        self.weight.grad = self.X.T @ dE_dY
        self.bias.grad = dE_dY.sum(0)
        self.weight.update(learning_rate)
        self.bias.update(learning_rate)
        self.steps += 1
        return dE_dX


class Tanh:
    def forward_propagation(self, X):
        self.Y = np.tanh(X)
        return self.Y

    def backward_propagation(self, dE_dY, learning_rate):
        return (1 - self.Y * self.Y) * dE_dY


def mean_squared_error(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)


def mean_squared_error_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / np.size(y_pred)
