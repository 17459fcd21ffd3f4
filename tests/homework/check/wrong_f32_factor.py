# expected: 0:factor:W
import numpy as np


class Dense:
    def __init__(self, i, o):
        self.W = np.random.randn(i, o).astype(np.float32)
        self.b = np.zeros(o, dtype=np.float32)

    def forward_propagation(self, X):
        self.X = X.astype(np.float32)
        return self.X @ self.W + self.b

    def backward_propagation(self, D, rate):
        D = D.astype(np.float32)
        dX = D @ self.W.T
        self.W -= np.float32(rate * 2) * self.X.T @ D
        self.b -= np.float32(rate) * D.sum(axis=0)
        return dX


network = [Dense(40, 30)]
