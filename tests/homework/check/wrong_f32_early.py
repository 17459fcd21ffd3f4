# expected: 0:updated-too-early:dE/dX
import numpy as np


class D:
    def __init__(self, n, m):
        self.W = np.random.default_rng(0).normal(0, 0.5, size=(n, m)).astype("f4")
        self.b = np.zeros(m, "f4")

    def forward_propagation(self, x):
        self.x = x.astype("f4")
        return self.x @ self.W + self.b

    def backward_propagation(self, g, lr):
        g = g.astype("f4")
        self.W -= lr * (self.x.T @ g)
        self.b -= lr * g.sum(0)
        return g @ self.W.T


network = [D(5, 4)]
