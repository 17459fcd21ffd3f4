# expected: loss:broadcast
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m) * 0.5
        self.b = np.random.randn(m) * 0.5

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.W -= lr * self.X.T @ G
        self.b -= lr * G.sum(0)
        return d


class Sig:
    def __init__(self):
        pass

    def forward_propagation(self, X):
        self.Y = 1 / (1 + np.exp(-X))
        return self.Y

    def backward_propagation(self, G, lr):
        return G * self.Y * (1 - self.Y)


network = [Dense(4, 3), Sig()]


def loss(y, p):
    y = y.reshape(-1, 1)
    p = p.reshape(1, -1)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def loss_prime(y, p):
    return ((1 - y) / (1 - p) - y / p) / p.size
