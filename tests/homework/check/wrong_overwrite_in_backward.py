# expected: 0:overwritten:X
import numpy as np


class R:
    def forward_propagation(self, x):
        self.x = x
        return np.tanh(x)

    def backward_propagation(self, g, lr):
        self.x[...] = 1 - np.tanh(self.x) ** 2
        return g * self.x


network = [R()]
