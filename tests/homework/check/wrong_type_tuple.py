# expected: 0:wrong-type:dE/dX
import numpy as np


class Dense:
    def __init__(self, i, o):
        self.W = np.random.randn(i, o)
        self.b = np.zeros((1, o))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, D, lr):
        dX = D @ self.W.T
        dW = self.X.T @ D
        self.W -= lr * dW
        self.b -= lr * D.sum(0, keepdims=True)
        return dX, dW


network = [Dense(5, 4)]
