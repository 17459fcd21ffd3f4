# expected: loss:integer
import numpy as np

targets = np.eye(3, dtype=int)


class Dense:
    def __init__(self):
        self.w = np.random.randn(4, 3)

    def forward_propagation(self, x):
        self.x = x
        return x @ self.w

    def backward_propagation(self, g, lr):
        d = g @ self.w.T
        self.w -= lr * self.x.T @ g
        return d


network = [Dense()]


def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)


def mse_prime(y_true, y_pred):
    grad = np.zeros_like(y_true)
    for k in range(y_true.size):
        grad.flat[k] = 2 * (y_pred.flat[k] - y_true.flat[k]) / y_true.size
    return grad
