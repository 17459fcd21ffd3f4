# expected: loss:factor
import numpy as np


class S:
    def forward_propagation(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def backward_propagation(self, g, lr):
        return g * self.y * (1 - self.y)


def mse(y_pred, y_true):
    return np.mean((y_true - y_pred) ** 2)


def mse_prime(y_pred, y_true):
    return 2 * (y_pred - y_true) / y_true.size


network = [S()]
