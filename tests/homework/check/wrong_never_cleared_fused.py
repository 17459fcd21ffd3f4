# expected: 0:stale-input:W 0:stale-input:b
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m)
        self.b = np.zeros(m)
        self.dW = np.zeros((n, m))
        self.db = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        self.Y = np.tanh(X @ self.W + self.b)
        return self.Y

    def backward_propagation(self, G, lr):
        z = G * (1 - self.Y**2)
        d = z @ self.W.T
        self.dW += self.X.T @ z
        self.db += z.sum(0)
        self.W -= lr * self.dW
        self.b -= lr * self.db
        return d


network = [Dense(4, 3)]
