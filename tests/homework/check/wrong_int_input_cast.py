# expected: 0:integer:W
import numpy as np


class D:
    def __init__(self):
        self.W = np.random.default_rng(0).normal(size=(4, 3))
        self.b = np.zeros(3)

    def forward_propagation(self, x):
        self.x = x.astype(int)
        return x @ self.W + self.b

    def backward_propagation(self, g, lr):
        d = g @ self.W.T
        self.W -= lr * self.x.T @ g
        self.b -= lr * g.sum(0)
        return d


network = [D()]
