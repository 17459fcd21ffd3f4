# expected: nothing
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = (10 * np.random.randn(n, m) / np.sqrt(n)).astype("float32")
        self.b = (20 * np.random.randn(1, m)).astype("float32")

    def forward_propagation(self, x):
        self.x = x.astype("float32")
        return self.x @ self.W + self.b

    def backward_propagation(self, g, lr):
        g = g.astype("float32")
        dx = g @ self.W.T
        self.W -= lr * self.x.T @ g
        self.b -= lr * g.sum(0, keepdims=True)
        return dx


class Tanh:
    def forward_propagation(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward_propagation(self, g, lr):
        return g * (1 - self.y**2)


network = [Dense(4, 8), Tanh(), Dense(8, 1)]
for size in (5, 17, 10, 3, 64):
    network += [Dense(1, size), Tanh(), Dense(size, 1)]
