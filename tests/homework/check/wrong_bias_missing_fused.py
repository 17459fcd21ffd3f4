# expected: 0:bias-missing:b
import numpy as np


class DenseTanh:
    def __init__(self, n, m):
        r = np.random.default_rng(8)
        self.W = r.normal(size=(m, n))
        self.b = r.normal(size=m)

    def forward_propagation(self, x):
        self.x = x
        self.y = np.tanh(self.W @ x + self.b)
        return self.y

    def backward_propagation(self, g, lr):
        d = g * (1 - self.y**2)
        back = self.W.T @ d
        self.W -= lr * np.outer(d, self.x)
        return back


network = [DenseTanh(5, 3)]
