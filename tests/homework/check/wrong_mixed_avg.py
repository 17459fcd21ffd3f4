# expected: 0:mean-for-sum:b
import numpy as np


class D:
    def __init__(self, n, m):
        self.W = np.random.default_rng(0).normal(size=(n, m))
        self.b = np.zeros((1, m))

    def forward_propagation(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward_propagation(self, g, lr):
        d = g @ self.W.T
        self.W -= lr * self.x.T @ g
        self.b -= lr * g.mean(axis=0, keepdims=True)
        return d


network = [D(4, 3)]
