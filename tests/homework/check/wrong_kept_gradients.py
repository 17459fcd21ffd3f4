# expected: 0:factor:W 1:factor:W 2:unexplained:W 3:unexplained:W
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m) / np.sqrt(n)
        self.kept = np.zeros_like(self.W)

    def forward_propagation(self, x):
        self.x = x
        return x @ self.W

    def backward_propagation(self, g, lr):
        dx = g @ self.W.T
        self.W -= lr * self.changed(self.x.T @ g)
        return dx


class Tenth(Dense):
    def changed(self, dW):
        self.kept = 0.1 * dW  # no memory of earlier gradients: not a running mean
        return self.kept


class DoubledMomentum(Dense):
    def changed(self, dW):
        self.kept = 0.9 * self.kept + 2 * dW
        return self.kept


class Grown(Dense):
    def changed(self, dW):
        return dW - 0.05 * self.W  # weight decay of the wrong sign


class OneSided(Dense):
    def changed(self, dW):
        return np.clip(dW, 0, 0.5)


network = [Tenth(6, 5), DoubledMomentum(5, 5), Grown(5, 5), OneSided(5, 3)]
