# expected: 0:overwritten:Y
import numpy as np


class Tanh:
    def __init__(self):
        self.Y = None

    def forward_propagation(self, X):
        if self.Y is not None:
            self.Y *= 0
        self.Y = np.tanh(X)
        return self.Y

    def backward_propagation(self, G, lr):
        return G * (1 - self.Y**2)


network = [Tanh()]
