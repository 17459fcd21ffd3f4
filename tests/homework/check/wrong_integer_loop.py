# expected: 0:integer:dE/dX
import numpy as np


class Dense:
    def __init__(self, i, o):
        r = np.random.default_rng(1)
        self.W = r.normal(size=(i, o))
        self.b = np.zeros((1, o))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = np.zeros((1, self.W.shape[0]), dtype=int)
        for i in range(self.W.shape[0]):
            d[0, i] = np.sum(self.W[i] * G[0])
        self.W -= lr * self.X.T @ G
        self.b -= lr * G.sum(0, keepdims=True)
        return d * 1.0


network = [Dense(4, 3)]
