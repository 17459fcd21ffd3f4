# expected: nothing
import numpy as np


class Norm:
    """Layer normalisation with a scale and a shift."""

    def __init__(self, n):
        self.gamma = np.ones(n)
        self.beta = np.zeros(n)

    def forward_propagation(self, X):
        self.mu = X.mean(axis=-1, keepdims=True)
        self.sd = np.sqrt(X.var(axis=-1, keepdims=True) + 1e-5)
        self.xhat = (X - self.mu) / self.sd
        return self.gamma * self.xhat + self.beta

    def backward_propagation(self, dY, lr):
        g = dY * self.gamma
        dX = (g - g.mean(-1, keepdims=True) - self.xhat * (g * self.xhat).mean(-1, keepdims=True)) / self.sd
        self.gamma -= lr * (dY * self.xhat).sum(axis=0)
        self.beta -= lr * dY.sum(axis=0)
        return dX


network = [Norm(5)]
