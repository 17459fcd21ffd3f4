# expected: 1:missing-derivative:dE/dX
import numpy as np


class D:
    def __init__(self, n, m):
        self.W = np.random.default_rng(n).normal(size=(n, m))
        self.b = np.zeros((1, m))

    def forward_propagation(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward_propagation(self, g, lr):
        d = g @ self.W.T
        self.W -= lr * self.x.T @ g
        self.b -= lr * g.sum(0)
        return d


class S:
    def forward_propagation(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def backward_propagation(self, g, lr):
        return g


def loss(y_true, y_pred):
    return np.sum((y_true - y_pred) ** 2)


def loss_prime(y_true, y_pred):
    return 2 * (y_pred - y_true)


network = [D(4, 3), S()]
