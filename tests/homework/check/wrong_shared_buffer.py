# expected: errors:overwritten
import numpy as np

buf = np.zeros((1, 4))


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m) * 0.5
        self.b = np.random.randn(m) * 0.5

    def forward_propagation(self, X):
        buf[...] = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.W -= lr * buf.T @ G
        self.b -= lr * G.sum(0)
        return d


network = [Dense(4, 4), Dense(4, 4)]
