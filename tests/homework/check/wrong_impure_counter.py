# expected: 0:impure:Y
import numpy as np


class Scaled:
    def __init__(self):
        self.calls = 0

    def forward_propagation(self, X):
        self.calls += 1
        self.scale = 1 / self.calls
        return X * self.scale

    def backward_propagation(self, dY, lr):
        return dY * self.scale


network = [Scaled()]
