# expected: nothing
import numpy as np


class Reshape:
    def __init__(self, a, b):
        self.input_shape = a
        self.output_shape = b

    def forward_propagation(self, x):
        return np.reshape(x, self.output_shape)

    def backward_propagation(self, g, lr):
        return np.reshape(g, self.input_shape)


class D:
    def __init__(self, n, m):
        self.w = np.random.default_rng(0).normal(size=(m, n))
        self.b = np.zeros((m, 1))

    def forward_propagation(self, x):
        self.x = x
        return self.w @ x + self.b

    def backward_propagation(self, g, lr):
        d = self.w.T @ g
        self.w -= lr * g @ self.x.T
        self.b -= lr * g
        return d


network = [Reshape((3, 4), (12, 1)), D(12, 2)]
