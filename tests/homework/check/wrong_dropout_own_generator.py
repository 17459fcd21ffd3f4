# expected: 0:missing-derivative:dE/dX
import numpy as np


class Dropout:
    def __init__(self, p=0.3):
        self.p = p
        self.rng = np.random.RandomState(0)

    def forward_propagation(self, X):
        self.mask = (self.rng.rand(*X.shape) > self.p) / (1 - self.p)
        return X * self.mask

    def backward_propagation(self, D, rate):
        return D


network = [Dropout()]
