# expected: 0:overwritten:dE/dX
import numpy as np


class Tanh:
    def forward_propagation(self, X):
        self.kept = X.copy()
        np.tanh(self.kept, out=self.kept)
        return self.kept.copy()

    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY * (1 - np.tanh(self.kept) ** 2)


network = [Tanh()]
