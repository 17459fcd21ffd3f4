# expected: 0:integer:W 0:integer:b
import numpy as np


class Dense:
    def __init__(self):
        self.W = np.array([[1, 2, 0], [3, -1, 1]])
        self.b = np.array([1, 0, 2])

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        dW = np.zeros_like(self.W)
        db = np.zeros_like(self.b)
        for i in range(2):
            for j in range(3):
                dW[i, j] = self.X[0, i] * G[0, j]
        for j in range(3):
            db[j] = G[0, j]
        self.W = self.W - lr * dW
        self.b = self.b - lr * db
        return d


network = [Dense()]
