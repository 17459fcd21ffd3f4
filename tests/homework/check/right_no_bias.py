# expected: nothing
import numpy as np


class Linear:
    def __init__(self, shape):
        self.M = np.random.default_rng(0).normal(size=shape)

    def forward_propagation(self, v):
        self.v = v
        return v @ self.M

    def backward_propagation(self, u, eps):
        old = self.M
        self.M = old - eps * self.v.T @ u
        return u @ old.T


network = [Linear((3, 3)), Linear((3, 1))]
