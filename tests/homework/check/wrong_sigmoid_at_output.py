# expected: 0:derivative-at-output:dE/dX
import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


class SigmoidLayer:
    def forward_propagation(self, z):
        self.a = sigmoid(z)
        return self.a

    def backward_propagation(self, da, lr):
        s = sigmoid(self.a)
        return da * s * (1 - s)


network = [SigmoidLayer()]
