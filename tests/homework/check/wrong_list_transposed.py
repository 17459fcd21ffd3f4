# expected: 0:transposed:arrays.0
import numpy as np


class FC:
    def __init__(self, size):
        rng = np.random.default_rng(3)
        self.arrays = [rng.normal(size=(size, size)), rng.normal(size=size)]

    def forward_propagation(self, x):
        self.x = x
        W, b = self.arrays
        return W @ x + b

    def backward_propagation(self, g, lr):
        W, b = self.arrays
        gx = W.T @ g
        gW = np.outer(self.x, g)
        self.arrays = [W - lr * gW, b - lr * g]
        return gx


network = [FC(4)]
