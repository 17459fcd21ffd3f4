# expected: 0:overflow:Y
import numpy as np


class S:
    def __init__(self):
        self.W = np.random.default_rng(0).normal(size=(4, 3))
        self.b = np.zeros(3)

    def forward_propagation(self, x):
        self.x = x
        e = np.exp(x @ self.W + self.b)
        self.y = e / (1 + e)
        return self.y

    def backward_propagation(self, g, lr):
        d = g * self.y * (1 - self.y)
        r = d @ self.W.T
        self.W -= lr * self.x.T @ d
        self.b -= lr * d.sum(0)
        return r


network = [S()]
