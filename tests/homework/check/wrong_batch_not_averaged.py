# expected: loss:sum-for-mean
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.default_rng(0).normal(size=(n, m))
        self.b = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, dY, lr):
        dX = dY @ self.W.T
        self.W -= lr * self.X.T @ dY
        self.b -= lr * dY.sum(axis=0)
        return dX


def loss(y_true, y_pred):
    return np.mean(np.sum((y_true - y_pred) ** 2, axis=1))


def loss_prime(y_true, y_pred):
    return 2 * (y_pred - y_true)


network = [Dense(4, 3)]
