# expected: 0:broadcast:dE/dX
import numpy as np


class Tanh:
    def forward_propagation(self, x):
        self.d = 1 - np.tanh(x).flatten() ** 2
        return np.tanh(x)

    def backward_propagation(self, g, lr):
        return g.reshape(-1, 1) * self.d


network = [Tanh()]
