# expected: nothing
import numpy as np, math


class Dense:
    def __init__(self, n, m):
        rng = np.random.RandomState(0)
        self.W = rng.randn(m, n) * 0.3
        self.b = np.zeros((m, 1))

    def forward_propagation(self, x):
        self.x = x
        y = np.zeros((self.W.shape[0], 1))
        for j in range(self.W.shape[0]):
            for i in range(self.W.shape[1]):
                y[j, 0] += self.W[j, i] * x[i, 0]
            y[j, 0] += self.b[j, 0]
        return y

    def backward_propagation(self, g, lr):
        dx = np.zeros_like(self.x)
        for i in range(self.W.shape[1]):
            for j in range(self.W.shape[0]):
                dx[i, 0] += self.W[j, i] * g[j, 0]
        for j in range(self.W.shape[0]):
            for i in range(self.W.shape[1]):
                self.W[j, i] -= lr * g[j, 0] * self.x[i, 0]
            self.b[j, 0] -= lr * g[j, 0]
        return dx


class Tanh:
    def forward_propagation(self, x):
        self.y = np.zeros_like(x)
        for i in range(len(x)):
            self.y[i, 0] = math.tanh(x[i, 0])
        return self.y

    def backward_propagation(self, g, lr):
        out = np.empty_like(g)
        for i in range(len(g)):
            out[i, 0] = g[i, 0] * (1 - self.y[i, 0] ** 2)
        return out


network = [Dense(3, 4), Tanh(), Dense(4, 2), Tanh()]
