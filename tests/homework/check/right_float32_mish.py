# expected: nothing
import numpy as np

f = np.float32


class DenseMish:
    def __init__(self, n, m):
        self.W = (np.random.randn(n, m) / np.sqrt(n)).astype(f)
        self.b = np.random.randn(1, m).astype(f)

    def forward_propagation(self, x):
        self.x = x.astype(f)
        self.z = self.x @ self.W + self.b
        self.t = np.tanh(np.logaddexp(f(0), self.z))
        return self.z * self.t

    def backward_propagation(self, g, lr):
        s = f(0.5) * (1 + np.tanh(self.z / 2))
        d = g.astype(f) * (self.t + self.z * (1 - self.t**2) * s)
        dx = d @ self.W.T
        self.W -= f(lr) * (self.x.T @ d)
        self.b -= f(lr) * d.sum(0, keepdims=True)
        return dx


class Gelu:
    def forward_propagation(self, x):
        self.x = x
        self.t = np.tanh(f(0.7978845608) * (x + f(0.044715) * x**3))
        return f(0.5) * x * (1 + self.t)

    def backward_propagation(self, g, lr):
        slope = f(0.7978845608) * (1 + f(0.134145) * self.x**2)
        return g.astype(f) * (f(0.5) * (1 + self.t) + f(0.5) * self.x * (1 - self.t**2) * slope)


network = [DenseMish(784, 8), Gelu(), DenseMish(8, 784), DenseMish(784, 2), DenseMish(2, 64), Gelu()]
