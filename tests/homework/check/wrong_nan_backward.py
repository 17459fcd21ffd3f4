# expected: 0:overflow:dE/dX
import numpy as np


class D:
    def forward_propagation(self, x):
        self.x = x
        return np.tanh(x)

    def backward_propagation(self, g, lr):
        return g * (self.x - self.x) / (self.x - self.x)


network = [D()]
