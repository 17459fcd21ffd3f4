# expected: nothing
import numpy as np


class D:
    def __init__(self):
        self.W = np.matrix(np.random.default_rng(0).normal(size=(4, 3)))
        self.b = np.zeros((1, 3))

    def forward_propagation(self, x):
        self.x = x
        return np.asarray(x * self.W) + self.b

    def backward_propagation(self, g, lr):
        d = np.asarray(g * self.W.T)
        self.W = self.W - lr * self.x.T @ g
        self.b -= lr * g
        return d


network = [D()]
