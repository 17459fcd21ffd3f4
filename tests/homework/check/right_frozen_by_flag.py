# expected: nothing
import numpy as np


class Dense:
    def __init__(self, i, o, frozen=False):
        self.W = np.random.randn(i, o)
        self.b = np.zeros((1, o))
        self.frozen = frozen

    def forward_propagation(self, X):
        self.X = X
        return self.X @ self.W + self.b

    def backward_propagation(self, D, rate):
        dX = D @ self.W.T
        if not self.frozen:
            self.W -= rate * self.X.T @ D
            self.b -= rate * D.sum(axis=0)
        return dX


network = [Dense(4, 3, True), Dense(3, 2)]
