# expected: 0:bias-not-summed:b
import numpy as np


class D:
    def __init__(self):
        self.W = np.random.default_rng(0).normal(size=(4, 3))
        self.b = np.zeros(3)

    def forward_propagation(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward_propagation(self, g, lr):
        d = g @ self.W.T
        self.W = self.W - lr * self.x.T @ g
        self.b = self.b - lr * g
        return d


network = [D()]
