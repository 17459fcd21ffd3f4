# expected: 0:integer:Y
import numpy as np


class Relu:
    def forward_propagation(self, X):
        self.mask = X > 0
        Y = np.zeros(X.shape, dtype=np.int64)
        Y[self.mask] = X[self.mask]
        return Y

    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY * self.mask


network = [Relu()]
