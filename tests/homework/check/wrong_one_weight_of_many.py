# expected: 0:unexplained:W 2:unexplained:W 2:unexplained:dE/dX
import numpy as np


class Dense:
    def __init__(self, n, m, last=0):
        self.W = np.random.randn(n, m) / np.sqrt(n)
        self.b = np.zeros((1, m))
        self.last = last

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        dX = G @ self.W.T
        dX[0, : self.last] *= -1
        dW = self.X.T @ G
        dW[-1, -1] = 0
        self.W = self.W - lr * dW
        self.b = self.b - lr * G.sum(axis=0, keepdims=True)
        return dX


class Tanh:
    def forward_propagation(self, X):
        self.Y = np.tanh(X)
        return self.Y

    def backward_propagation(self, G, lr):
        return G * (1 - self.Y**2)


network = [Dense(100, 700), Tanh(), Dense(700, 10, last=1)]
