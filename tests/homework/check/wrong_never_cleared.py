# expected: 0:stale-input:W 0:stale-input:b
import numpy as np


class Dense:
    def __init__(self, i, o):
        r = np.random.default_rng(1)
        self.W = r.normal(size=(i, o))
        self.b = np.zeros((1, o))
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.dW += self.X.T @ G
        self.db += G
        self.W -= lr * self.dW
        self.b -= lr * self.db
        return d


network = [Dense(4, 3)]
