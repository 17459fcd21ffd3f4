# expected: 0:axis:W
import numpy as np


class D:
    def __init__(self):
        self.W = np.random.default_rng(0).normal(size=(4, 3))

    def forward_propagation(self, x):
        self.x = x
        return x @ self.W

    def backward_propagation(self, g, lr):
        d = g @ self.W.T
        self.W -= lr * np.sum(self.x.T @ g, axis=0)
        return d


network = [D()]
