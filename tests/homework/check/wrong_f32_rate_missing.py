# expected: 0:learning-rate:p.1
import numpy as np


def sig(v):
    e = np.exp(-np.abs(v))
    return np.where(v >= 0, 1 / (1 + e), e / (1 + e))


rng = np.random.default_rng(25)


class Layer:
    def __init__(self, i, o):
        self.p = [None, None]
        self.p[0] = rng.normal(0, 0.447, (i, o)).astype(np.float32)
        self.p[1] = rng.normal(0, 0.1, (o,)).astype(np.float32)

    def forward_propagation(self, x):
        self.saved = x
        z = x @ self.p[0] + self.p[1]
        self.z = z
        self.y = np.maximum(0, z)
        return self.y

    def backward_propagation(self, g, lr):
        z, y = self.z, self.y
        d = g * (z > 0)
        dX = self.p[0] @ d
        dW = np.outer(self.saved, d)
        db = d
        self.p[0] = self.p[0] - lr * dW
        self.p[1] = self.p[1] - db
        return dX


network = [Layer(5, 3)]
