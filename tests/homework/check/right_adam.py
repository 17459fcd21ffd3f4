# expected: nothing
import numpy as np


class Adam:
    def __init__(self, b1=0.9, b2=0.999, eps=1e-8):
        self.b1, self.b2, self.eps = b1, b2, eps
        self.m = self.v = None
        self.t = 0

    def update(self, p, g, lr):
        if self.m is None:
            self.m, self.v = np.zeros_like(p), np.zeros_like(p)
        self.t += 1
        self.m = self.b1 * self.m + (1 - self.b1) * g
        self.v = self.b2 * self.v + (1 - self.b2) * g**2
        m_hat = self.m / (1 - self.b1**self.t)
        v_hat = self.v / (1 - self.b2**self.t)
        return p - lr * m_hat / (np.sqrt(v_hat) + self.eps)


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m) / np.sqrt(n)
        self.b = np.zeros((1, m))
        self.for_W, self.for_b = Adam(), Adam()

    def forward_propagation(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward_propagation(self, g, lr):
        dx = g @ self.W.T
        self.W = self.for_W.update(self.W, self.x.T @ g, lr)
        self.b = self.for_b.update(self.b, g.sum(0, keepdims=True), lr)
        return dx


network = [Dense(6, 5), Dense(5, 3)]
