# expected: loss:doubled-derivative
import numpy as np


class Dense:
    def __init__(self, i, o):
        self.W = np.random.randn(i, o) * 0.3
        self.b = np.zeros((1, o))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, D, rate):
        dX = D @ self.W.T
        self.W -= rate * self.X.T @ D
        self.b -= rate * D.sum(axis=0, keepdims=True)
        return dX


class Softmax:
    def forward_propagation(self, X):
        e = np.exp(X - X.max(axis=1, keepdims=True))
        self.Y = e / e.sum(axis=1, keepdims=True)
        return self.Y

    def backward_propagation(self, D, rate):
        s = (D * self.Y).sum(axis=1, keepdims=True)
        return self.Y * (D - s)


def loss(y_true, y_pred):
    return -np.sum(y_true * np.log(y_pred + 1e-12))


def loss_prime(y_true, y_pred):
    return y_pred - y_true


class N:
    pass


network = N()
network.layers = [Dense(4, 3), Softmax()]
network.loss, network.loss_prime = loss, loss_prime
