# expected: 0:wrong-activation-derivative:dE/dX
import numpy as np


class ReLU:
    def forward_propagation(self, X):
        self.X = X
        return np.maximum(0, X)

    def backward_propagation(self, dE_dY, learning_rate):
        slope = np.ones_like(self.X)
        slope[self.X == 0] = 0
        return dE_dY * slope


network = [ReLU()]
