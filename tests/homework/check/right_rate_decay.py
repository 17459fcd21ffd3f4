# expected: nothing
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m)
        self.b = np.zeros(m)
        self.t = 0

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        lr = lr / (1 + 0.1 * self.t)
        self.t += 1
        d = G @ self.W.T
        self.W -= lr * self.X.T @ G
        self.b -= lr * G.sum(0)
        return d


network = [Dense(4, 3)]
