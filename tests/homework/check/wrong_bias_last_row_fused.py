# expected: 0:bias-not-summed:b
import numpy as np


class Dense:
    def __init__(self, i, o):
        self.W = np.random.randn(i, o)
        self.b = np.zeros(o)

    def forward_propagation(self, X):
        self.X = X
        return np.tanh(X @ self.W + self.b)

    def backward_propagation(self, D, lr):
        D = D * (1 - np.tanh(self.X @ self.W + self.b) ** 2)
        dX = D @ self.W.T
        self.W -= lr * self.X.T @ D
        self.b = self.b - lr * D[-1]
        return dX


network = [Dense(5, 4)]
