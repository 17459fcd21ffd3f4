# expected: loss:doubled-derivative
import numpy as np


class Dense:
    def __init__(self, i, o):
        self.W = np.random.randn(i, o) * 0.3
        self.b = np.zeros((1, o))

    def forward_propagation(self, X):
        self.X = X
        self.Y = 1 / (1 + np.exp(-np.clip(X @ self.W + self.b, -500, 500)))
        return self.Y

    def backward_propagation(self, D, rate):
        D = D * self.Y * (1 - self.Y)
        dX = D @ self.W.T
        self.W -= rate * self.X.T @ D
        self.b -= rate * D.sum(axis=0, keepdims=True)
        return dX


def loss(y_true, y_pred):
    return -np.sum(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))


def loss_prime(y_true, y_pred):
    return y_pred - y_true


network = [Dense(4, 3)]
