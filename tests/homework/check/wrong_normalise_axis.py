# expected: 0:axis:Y
import numpy as np


class D:
    def forward_propagation(self, x):
        self.s = x.sum(axis=0, keepdims=True)
        self.x = x
        return x / self.s

    def backward_propagation(self, g, lr):
        return g / self.s - (g * self.x).sum(axis=0, keepdims=True) / self.s**2


network = [D()]
