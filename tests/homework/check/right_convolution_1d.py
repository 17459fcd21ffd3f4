# expected: nothing
import numpy as np


class Conv1D:
    def __init__(self, k):
        self.k = np.random.randn(k)
        self.b = np.zeros(1)

    def forward_propagation(self, x):
        self.x = x
        n = x.shape[1] - len(self.k) + 1
        return np.array([[np.sum(x[0, i : i + len(self.k)] * self.k) + self.b[0] for i in range(n)]])

    def backward_propagation(self, g, lr):
        dx = np.zeros_like(self.x)
        dk = np.zeros_like(self.k)
        for i in range(g.shape[1]):
            dx[0, i : i + len(self.k)] += g[0, i] * self.k
            dk += g[0, i] * self.x[0, i : i + len(self.k)]
        self.k -= lr * dk
        self.b -= lr * g.sum()
        return dx


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m)
        self.b = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.W -= lr * self.X.T @ G
        self.b -= lr * G.sum(0)
        return d


network = [Conv1D(3), Dense(6, 2)]
