# expected: nothing
import numpy as np

CACHE = {}


class Dense:
    def __init__(self, n, m, key):
        self.W = np.random.randn(n, m) * 0.4
        self.key = key

    def forward_propagation(self, X):
        CACHE[self.key] = X
        return X @ self.W

    def backward_propagation(self, G, lr):
        X = CACHE[self.key]
        d = G @ self.W.T
        self.W -= lr * X.T @ G
        return d


network = [Dense(4, 4, "a"), Dense(4, 4, "b")]
