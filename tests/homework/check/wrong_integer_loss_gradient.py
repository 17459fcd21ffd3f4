# expected: loss:integer
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
    return np.mean((y - p) ** 2)


def loss_prime(y, p):
    g = np.zeros(p.shape, dtype=int)
    for k in range(p.size):
        g.flat[k] = 2 * (p.flat[k] - y.flat[k]) / p.size
    return g.astype(float)
