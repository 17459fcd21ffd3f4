# expected: 0:broadcast:Y
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.default_rng(0).normal(size=(m, n))
        self.b = np.ones(m)

    def forward_propagation(self, x):
        self.x = x
        return self.W @ x + self.b

    def backward_propagation(self, g, lr):
        gx = self.W.T @ g
        self.W -= lr * g @ self.x.T
        self.b -= lr * g
        return gx


network = [Dense(4, 3)]
