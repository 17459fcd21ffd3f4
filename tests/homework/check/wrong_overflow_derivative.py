# expected: 0:overflow:dE/dX
import numpy as np


class Sigmoid:
    def forward_propagation(self, x):
        self.x = x
        return 1 / (1 + np.exp(-x))

    def backward_propagation(self, g, lr):
        return g * np.exp(-self.x) / (1 + np.exp(-self.x)) ** 2


network = [Sigmoid()]
