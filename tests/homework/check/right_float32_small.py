# expected: nothing
import numpy as np


class Dense:
    """Weights so small that float32 keeps only a part of their updates in this network."""

    def __init__(self, n, m):
        self.W = (0.01 * np.random.randn(m, n) / np.sqrt(n)).astype("float32")

    def forward_propagation(self, x):
        self.x = x.astype("float32")
        return self.W @ self.x

    def backward_propagation(self, g, lr):
        g = g.astype("float32")
        dx = g @ self.W
        self.W = self.W - lr * np.outer(g, self.x)
        return dx


class Relu:
    def forward_propagation(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward_propagation(self, g, lr):
        return g * (self.x > 0)


class Square:
    def forward_propagation(self, x):
        self.x = x
        return x * x

    def backward_propagation(self, g, lr):
        return g * 2 * self.x


network = [Dense(3, 5), Relu(), Dense(5, 300), Square()]
