# expected: 0:integer:Y
import numpy as np


class Dense:
    def __init__(self, i, o):
        r = np.random.default_rng(1)
        self.W = r.normal(size=(i, o))
        self.b = np.zeros(o)

    def forward_propagation(self, X):
        self.X = X
        out = np.zeros(len(self.b), dtype=int)
        for j in range(len(self.b)):
            out[j] = np.sum(self.W[:, j] * X) + self.b[j]
        return out * 1.0

    def backward_propagation(self, G, lr):
        d = self.W @ G
        self.W -= lr * np.outer(self.X, G)
        self.b -= lr * G
        return d


network = [Dense(4, 3)]
