"""(n, 1) columns, (out, in) weights in an attribute `w`, parameters bound anew by each update, `build_network()`."""

import numpy as np


class Dense:
    def __init__(self, n_in, n_out, seed):
        rng = np.random.default_rng(seed)
        self.w = rng.uniform(-0.05, 0.05, (n_in, n_out)).T.copy()
        self.b = rng.uniform(-0.05, 0.05, (n_out, 1))

    def forward_propagation(self, x):
        self.x = x
        return self.w @ x + self.b

    def backward_propagation(self, grad, lr):
        dx = self.w.T @ grad
        self.dw = grad @ self.x.T
        self.w = self.w - lr * self.dw
        self.b = self.b - lr * grad
        return dx


class Tanh:
    def forward_propagation(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward_propagation(self, grad, lr):
        return grad * (1 - self.y**2)


class Model:
    def __init__(self, layers):
        self.layers = layers

    def mse(self, y_true, y_pred):
        return float(((y_true - y_pred) ** 2).mean())

    def mse_derivative(self, y_true, y_pred):
        return -2 * (y_true - y_pred) / len(y_true)


def build_network():
    return Model([Dense(784, 12, 3), Tanh(), Dense(12, 10, 4), Tanh()])
