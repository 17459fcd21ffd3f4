# expected: errors:mean-for-sum
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
        self.W -= lr * self.X.T @ dY / len(self.X)
        self.b -= lr * dY.mean(axis=0)
        return dX


def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)


def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_pred.size


network = [Dense(4, 3)]
