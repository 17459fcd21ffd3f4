# expected: 0:wrong-activation-derivative:dE/dX
import numpy as np


class Softmax:
    def forward_propagation(self, X):
        e = np.exp(X - X.max())
        self.Y = e / e.sum()
        return self.Y

    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY * self.Y * (1 - self.Y)


network = [Softmax()]
