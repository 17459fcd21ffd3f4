# expected: nothing
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m) / np.sqrt(n)
        self.b = np.zeros((1, m))

    def forward_propagation(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward_propagation(self, g, lr):
        dx = g @ self.W.T
        self.W -= lr * self.changed(self.x.T @ g)
        self.b -= lr * g.sum(axis=0, keepdims=True)
        return dx


class ClippedValues(Dense):
    def changed(self, dW):
        return np.clip(dW, -0.5, 0.5)


class ClippedNorm(Dense):
    def changed(self, dW):
        norm = np.linalg.norm(dW)
        return dW / norm if norm > 1 else dW


class Decayed(Dense):
    def changed(self, dW):
        return dW + 0.05 * self.W


network = [ClippedValues(6, 5), ClippedNorm(5, 5), Decayed(5, 3)]
