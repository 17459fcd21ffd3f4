# expected: nothing
import numpy as np


class D:
    def __init__(self, n, m):
        self.W = np.random.default_rng(0).normal(0, 0.5, size=(n, m)).astype("f4")
        self.b = np.zeros(m, "f4")

    def forward_propagation(self, x):
        self.x = x.astype("f4")
        self.z = self.x @ self.W + self.b
        return np.maximum(self.z, 0)

    def backward_propagation(self, g, lr):
        g = (g * (self.z > 0)).astype("f4")
        d = g @ self.W.T
        self.W -= lr * (self.x.T @ g)
        self.b -= lr * g.sum(0)
        return d


network = [D(50, 40), D(40, 10)]
