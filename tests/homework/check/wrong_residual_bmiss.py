# expected: 0:bias-missing:b
import numpy as np


class Res:
    def __init__(self, n):
        self.W = np.random.default_rng(0).normal(size=(n, n))
        self.b = np.zeros(n)

    def forward_propagation(self, x):
        self.x = x
        return x + x @ self.W + self.b

    def backward_propagation(self, g, lr):
        dx = g + g @ self.W.T
        self.W -= lr * self.x.T @ g
        return dx


network = [Res(4)]
