# expected: nothing
import numpy as np


class Norm:
    def __init__(s, n):
        s.mean = np.zeros(n)
        s.g = np.ones(n)

    def forward_propagation(s, x):
        s.mean = 0.9 * s.mean + 0.1 * x.mean(0)
        s.x = x
        return x * s.g

    def backward_propagation(s, g, lr):
        d = g * s.g
        s.g -= lr * (g * s.x).sum(0)
        return d


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


network = [Dense(3, 4), Norm(4)]
