# expected: 0:overwritten:dE/dY
import numpy as np


class Sigmoid:
    def forward_propagation(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def backward_propagation(self, g, lr):
        g *= self.y * (1 - self.y)
        return g


network = [Sigmoid()]
