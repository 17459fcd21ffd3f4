# expected: errors:overwritten
import numpy as np


class Dense:
    def __init__(self, n, m, cache={}):
        self.W = np.random.randn(n, m)
        self.cache = cache

    def forward_propagation(self, X):
        self.cache["X"] = X
        return X @ self.W

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.W -= lr * self.cache["X"].T @ G
        return d


network = [Dense(4, 3), Dense(3, 2)]
