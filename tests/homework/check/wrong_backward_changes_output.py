# expected: 0:overwritten:Y
import numpy as np


class Tanh:
    def forward_propagation(self, X):
        self.Y = np.tanh(X)
        return self.Y

    def backward_propagation(self, G, lr):
        self.Y *= self.Y
        return G * (1 - self.Y)


network = [Tanh()]
