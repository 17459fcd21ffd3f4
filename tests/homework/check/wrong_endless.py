# expected: 1:timeout:
import numpy as np


class Relu:
    def forward_propagation(self, X):
        self.on = X > 0
        return X * self.on

    def backward_propagation(self, dY, lr):
        return dY * self.on


class Waiting(Relu):
    def backward_propagation(self, dY, lr):
        while lr > 0:
            pass
        return dY


network = [Relu(), Waiting()]
