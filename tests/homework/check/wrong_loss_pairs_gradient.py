# expected: loss:broadcast
import numpy as np


class Dense:
    def __init__(self, i, o):
        r = np.random.default_rng(1)
        self.W = r.normal(size=(i, o))
        self.b = np.zeros((1, o))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.W -= lr * self.X.T @ G
        self.b -= lr * G.sum(0, keepdims=True)
        return d


network = [Dense(4, 3)]


def loss(y, p):
    return np.mean((y - p) ** 2)


def loss_prime(y, p):
    return (2 * (p.reshape(-1) - y.reshape(-1, 1)).mean(axis=1) / p.size).reshape(p.shape)
