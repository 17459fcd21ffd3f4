# expected: 1:integer:Y
import numpy as np


class S:
    def forward_propagation(self, x):
        out = np.zeros(len(x), dtype=int)
        for i in range(len(x)):
            out[i] = 1 / (1 + np.exp(-x[i]))
        self.y = out * 1.0
        return self.y

    def backward_propagation(self, g, lr):
        return g * self.y * (1 - self.y)


class D:
    def __init__(s):
        s.w = np.random.randn(3, 3)

    def forward_propagation(s, x):
        s.x = x
        return s.w @ x

    def backward_propagation(s, g, lr):
        d = s.w.T @ g
        s.w -= lr * np.outer(g, s.x)
        return d


network = [D(), S()]
