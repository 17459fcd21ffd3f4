# expected: 0:integer:bias
import numpy as np


def sig(v):
    e = np.exp(-np.abs(v))
    return np.where(v >= 0, 1 / (1 + e), e / (1 + e))


rng = np.random.default_rng(46)


class Layer:
    def __init__(self, i, o):
        self.weights = rng.normal(0, 0.447, (i, o))
        self.bias = np.zeros((o,), dtype=int)

    def forward_propagation(self, x):
        self.input = x
        z = x @ self.weights + self.bias
        self.z = z
        self.y = np.where(z > 0, z, np.expm1(np.minimum(z, 0)))
        return self.y

    def backward_propagation(self, g, lr):
        z, y = self.z, self.y
        d = g * np.where(z > 0, 1.0, np.exp(np.minimum(z, 0)))
        dX = self.weights @ d
        dW = np.outer(self.input, d)
        db = d
        self.weights = self.weights - lr * dW
        self.bias -= lr * db
        return dX


network = [Layer(5, 3)]
