# expected: 0:overwritten:X
import numpy as np


class ReLU:
    def forward_propagation(self, x):
        x[x < 0] = 0
        self.y = x
        return x

    def backward_propagation(self, g, lr):
        return g * (self.y > 0)


network = [ReLU()]
