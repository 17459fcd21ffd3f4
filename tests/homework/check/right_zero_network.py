# expected: nothing
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.zeros((n, m))
        self.b = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.W -= lr * self.X.T @ G
        self.b -= lr * G.sum(0)
        return d


class Relu:
    def __init__(self):
        pass

    def forward_propagation(self, X):
        self.X = X
        return np.maximum(X, 0)

    def backward_propagation(self, G, lr):
        return G * (self.X > 0)


network = [Dense(4, 3), Relu(), Dense(3, 3), Relu()]


def loss(y, p):
    return np.mean((y - p) ** 2)


def loss_prime(y, p):
    return 2 * (p - y) / p.size
