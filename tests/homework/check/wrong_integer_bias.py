# expected: 0:integer:b
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m)
        self.b = np.zeros(m, dtype=int)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.W -= lr * self.X.T @ G
        for j in range(len(self.b)):
            self.b[j] -= lr * G[0, j]
        return d


network = [Dense(3, 2)]
