# expected: 0:stale-input:dE/dX
import numpy as np


class Tanh:
    def __init__(self):
        self.d = 0

    def forward_propagation(self, X):
        self.X = X
        return np.tanh(X)

    def backward_propagation(self, G, lr):
        self.d = self.d + G * (1 - np.tanh(self.X) ** 2)
        return self.d


network = [Tanh()]
