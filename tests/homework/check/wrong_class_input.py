# expected: errors:overwritten
import numpy as np


class Dense:
    X = None

    def __init__(self, i, o):
        r = np.random.default_rng(1)
        self.W = r.normal(size=(i, o))

    def forward_propagation(self, X):
        Dense.X = X
        return X @ self.W

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.W -= lr * Dense.X.T @ G
        return d


network = [Dense(4, 4), Dense(4, 4)]
