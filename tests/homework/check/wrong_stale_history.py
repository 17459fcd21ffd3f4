# expected: 0:stale-input:dE/dX
import numpy as np


class Relu:
    def __init__(self):
        self.seen = []

    def forward_propagation(self, X):
        self.seen.append(X)
        return X * (X > 0)

    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY * (self.seen[0] > 0)


network = [Relu()]
