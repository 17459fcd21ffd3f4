# expected: nothing
import numpy as np


class Relu:
    def __init__(self):
        pass

    def forward_propagation(self, X):
        self.Y = X.copy()
        self.Y[self.Y < 0] = 0
        return self.Y

    def backward_propagation(self, G, lr):
        d = G.copy()
        d[self.Y <= 0] = 0
        return d


network = [Relu()]
