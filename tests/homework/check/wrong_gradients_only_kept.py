# expected: 0:factor:weights 0:bias-missing:bias
import numpy as np


class Dense:
    def __init__(self, i, o):
        self.weights = np.random.randn(o, i)
        self.bias = np.zeros((o, 1))

    def forward_propagation(self, X):
        self.X = X
        return np.tanh(self.weights @ self.X + self.bias)

    def backward_propagation(self, D, rate):
        D = D * (1 - np.tanh(self.weights @ self.X + self.bias) ** 2)
        self.dW = D @ self.X.T
        self.db = D
        return self.weights.T @ D


network = [Dense(4, 3)]
