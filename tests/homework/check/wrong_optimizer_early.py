# expected: 0:updated-too-early:dE/dX 0:unexplained:b
import numpy as np


class Dense:
    """RMSprop, whose bias takes the size of the gradient only; dE/dX comes from the new weights."""

    def __init__(self, n, m):
        self.W = np.random.randn(n, m) / np.sqrt(n)
        self.b = np.zeros((1, m))
        self.sW, self.sb = np.zeros_like(self.W), np.zeros_like(self.b)

    def forward_propagation(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward_propagation(self, g, lr):
        dW, db = self.x.T @ g, np.abs(g).sum(axis=0, keepdims=True)
        self.sW = 0.9 * self.sW + 0.1 * dW**2
        self.sb = 0.9 * self.sb + 0.1 * db**2
        self.W -= lr * dW / (np.sqrt(self.sW) + 1e-8)
        self.b -= lr * db / (np.sqrt(self.sb) + 1e-8)
        return g @ self.W.T


network = [Dense(6, 4)]
