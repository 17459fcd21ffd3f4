# expected: 0:stale-input:W
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m)
        self.b = np.zeros(m)
        self.G = None

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        if self.G is None:
            self.G = G
        d = G @ self.W.T
        self.W -= lr * self.X.T @ self.G
        self.b -= lr * G.sum(0)
        return d


network = [Dense(4, 3)]
