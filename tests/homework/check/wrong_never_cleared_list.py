# expected: 0:stale-input:W 0:stale-input:b
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m)
        self.b = np.zeros(m)
        self.g = []

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        self.g.append((self.X.T @ G, G.sum(0)))
        d = G @ self.W.T
        self.W -= lr * sum(a for a, _ in self.g)
        self.b -= lr * sum(c for _, c in self.g)
        return d


network = [Dense(4, 3)]
