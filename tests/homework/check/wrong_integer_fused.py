# expected: 0:integer:Y
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m) * 0.5
        self.b = np.random.randn(m) * 0.5

    def forward_propagation(self, X):
        self.X = X
        z = np.zeros((1, len(self.b)), dtype=int)
        for j in range(len(self.b)):
            z[0, j] = (X[0] * self.W[:, j]).sum() + self.b[j]
        self.Y = np.tanh(z)
        return self.Y

    def backward_propagation(self, G, lr):
        z = G * (1 - self.Y**2)
        d = z @ self.W.T
        self.W -= lr * self.X.T @ z
        self.b -= lr * z.sum(0)
        return d


network = [Dense(4, 3)]
