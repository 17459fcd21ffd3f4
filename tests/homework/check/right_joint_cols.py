# expected: nothing
import numpy as np


class D:
    def __init__(self, n, m):
        self.W = np.random.default_rng(n).normal(size=(m, n))
        self.b = np.zeros((m, 1))

    def forward_propagation(self, x):
        self.x = x
        return self.W @ x + self.b

    def backward_propagation(self, g, lr):
        d = self.W.T @ g
        self.W -= lr * g @ self.x.T
        self.b -= lr * g
        return d


class T:
    def forward_propagation(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward_propagation(self, g, lr):
        return g * (1 - self.y**2)


class S:
    def forward_propagation(self, x):
        e = np.exp(x - x.max())
        return e / e.sum()

    def backward_propagation(self, g, lr):
        return g


def loss(y_true, y_pred):
    return -np.sum(y_true * np.log(y_pred + 1e-9))


def loss_prime(y_true, y_pred):
    return y_pred - y_true


network = [D(4, 5), T(), D(5, 3), S()]
