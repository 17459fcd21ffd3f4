# expected: nothing
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m) * 0.5
        self.b = np.random.randn(m) * 0.5

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.W -= lr * self.X.T @ G
        self.b -= lr * G.sum(0)
        return d


network = [Dense(4, 3)]


def loss(y, p):
    return np.max(np.abs(y - p))


def loss_prime(y, p):
    e = np.abs(y - p)
    k = np.argmax(e)
    g = np.zeros_like(p)
    g.flat[k] = np.sign((p - y).flat[k])
    return g
