# expected: 0:doubled-derivative:dE/dX
import numpy as np


class Tanh:
    def prime(self, x):
        return 1 - np.tanh(x) ** 2

    def forward_propagation(self, x):
        self.x = x
        return np.tanh(x)

    def backward_propagation(self, grad, lr):
        grad = grad * self.prime(self.x)
        return grad * self.prime(self.x)


layers = [Tanh()]
