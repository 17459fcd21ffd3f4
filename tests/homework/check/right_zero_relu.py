# expected: nothing
import numpy as np


class Dense:
    def __init__(self, i, o):
        self.W = np.zeros((i, o))
        self.b = np.zeros(o)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.W -= lr * self.X.T @ G
        self.b -= lr * G.sum(0)
        return d


class Relu:
    def forward_propagation(self, X):
        self.X = X
        return np.maximum(X, 0)

    def backward_propagation(self, G, lr):
        return G * (self.X > 0)


network = [Dense(4, 3), Relu()]
