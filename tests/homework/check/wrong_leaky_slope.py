# expected: 0:wrong-activation-derivative:dE/dX
import numpy as np


class LeakyReLU:
    def __init__(self, alpha=0.1):
        self.alpha = alpha

    def forward_propagation(self, x):
        self.mask = x > 0
        return np.where(self.mask, x, self.alpha * x)

    def backward_propagation(self, grad, lr):
        return np.where(self.mask, grad, 0.0)


network = [LeakyReLU()]
