# expected: nothing
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
        self.b -= lr * g.sum(0, keepdims=True)
        return d


def sm(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def loss(y_true, y_pred):
    return -np.mean(np.sum(y_true * np.log(sm(y_pred)), axis=-1))


def loss_prime(y_true, y_pred):
    return (sm(y_pred) - y_true) / len(y_true)


network = [D(4, 3)]
