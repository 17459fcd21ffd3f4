# expected: 0:impure:Y
import numpy as np


class R:
    def __init__(self):
        self.W = np.random.default_rng(0).normal(size=(4, 3))

    def forward_propagation(self, x):
        self.x = x
        y = x @ self.W
        self.W *= 0.999
        return y

    def backward_propagation(self, g, lr):
        d = g @ self.W.T
        self.W -= lr * self.x.T @ g
        return d


network = [R()]
