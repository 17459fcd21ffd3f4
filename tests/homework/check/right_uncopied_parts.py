# expected: nothing
import numpy as np
import itertools
import sys


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m)
        self.b = np.zeros(m)
        self.log = sys.stderr
        self.ids = (k for k in itertools.count())

    def forward_propagation(self, X):
        self.log.write("x")
        next(self.ids)
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.W -= lr * self.X.T @ G
        self.b -= lr * G.sum(0)
        return d


network = [Dense(4, 3)]
