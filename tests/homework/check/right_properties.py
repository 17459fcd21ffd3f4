# expected: nothing
import numpy as np


class Dense:
    __slots__ = ("_W", "_b", "_x")

    def __init__(self, n, m):
        self._W = np.random.default_rng(0).normal(size=(n, m))
        self._b = np.ones(m) * 0.1
        self._x = None

    @property
    def W(self):
        return self._W

    @W.setter
    def W(self, v):
        self._W = v

    @property
    def b(self):
        return self._b

    @b.setter
    def b(self, v):
        self._b = v

    def forward_propagation(self, X):
        self._x = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.W = self.W - lr * self._x.T @ G
        self.b = self.b - lr * G.sum(0)
        return d


network = [Dense(4, 4), Dense(4, 4)]
