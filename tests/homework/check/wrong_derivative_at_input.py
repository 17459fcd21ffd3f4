# expected: 0:derivative-at-input:dE/dX
import numpy as np


class Tanh:
    def forward_propagation(self, X):
        self.X = X
        return np.tanh(X)

    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY * (1 - self.X**2)


network = [Tanh()]
