# expected: nothing
import numpy as np


class Dropout:
    def __init__(self, p):
        self.p = p

    def forward_propagation(self, X):
        self.m = (np.random.rand(*X.shape) > self.p) / (1 - self.p)
        return X * self.m

    def backward_propagation(self, G, lr):
        return G * self.m


network = [Dropout(0.05), Dropout(0.01), Dropout(0.1), Dropout(0.9)]
