# expected: 0:factor:dE/dX 0:factor:params.w 0:factor:b
import numpy as np


def sig(v):
    e = np.exp(-np.abs(v))
    return np.where(v >= 0, 1 / (1 + e), e / (1 + e))


rng = np.random.default_rng(98)


class Layer:
    def __init__(self, i, o):
        self.params = {}
        self.cache = {}
        self.params["w"] = rng.normal(0, 0.500, (o, i))
        self.params["b"] = rng.normal(0, 0.1, (1, o))

    def forward_propagation(self, x):
        self.cache["x"] = x
        z = x @ self.params["w"].T + self.params["b"]
        self.z = z
        self.y = z
        return self.y

    def backward_propagation(self, g, lr):
        z, y = self.z, self.y
        d = g
        dX = 2 * (d @ self.params["w"])
        dW = 2 * (d.T @ self.cache["x"])
        db = 2 * (d.sum(axis=0, keepdims=True))
        self.params["w"] = self.params["w"] - lr * dW
        self.params["b"] = self.params["b"] - lr * db
        return dX


network = [Layer(4, 6)]
