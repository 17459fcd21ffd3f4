# expected: 0:derivative-at-output:params.w 0:derivative-at-output:b
import numpy as np


def sig(v):
    e = np.exp(-np.abs(v))
    return np.where(v >= 0, 1 / (1 + e), e / (1 + e))


rng = np.random.default_rng(96)


class Layer:
    def __init__(self, i, o):
        self.params = {}
        self.cache = {}
        self.params["w"] = rng.normal(0, 0.500, (i, o))
        self.params["b"] = rng.normal(0, 0.1, (o,))

    def forward_propagation(self, x):
        self.cache["x"] = x
        z = x @ self.params["w"] + self.params["b"]
        self.z = z
        self.y = sig(z)
        return self.y

    def backward_propagation(self, g, lr):
        z, y = self.z, self.y
        d = g * (sig(z) * (1 - sig(z)))
        e = g * (sig(y) * (1 - sig(y)))
        dX = self.params["w"] @ d
        dW = np.outer(self.cache["x"], e)
        db = e
        self.params["w"] = self.params["w"] - lr * dW
        self.params["b"] = self.params["b"] - lr * db
        return dX


network = [Layer(4, 4)]
