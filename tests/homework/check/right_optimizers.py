# expected: nothing
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m) / np.sqrt(n)
        self.b = np.zeros(m)
        self.state = {"W": 0, "b": 0}

    def forward_propagation(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward_propagation(self, g, lr):
        dx = g @ self.W.T
        for name, gradient in (("W", self.x.T @ g), ("b", g.sum(axis=0))):
            setattr(self, name, getattr(self, name) - self.step(name, gradient, lr))
        return dx


class RMSprop(Dense):
    def step(self, name, g, lr):
        self.state[name] = 0.9 * self.state[name] + 0.1 * g**2
        return lr * g / (np.sqrt(self.state[name]) + 1e-7)


class Adagrad(Dense):
    def step(self, name, g, lr):
        self.state[name] = self.state[name] + g * g
        return lr * g / np.sqrt(self.state[name] + 1e-8)


class Nesterov(Dense):
    def step(self, name, g, lr):
        before = self.state[name]
        self.state[name] = 0.9 * before - lr * g
        return 0.9 * before - 1.9 * self.state[name]


class RunningMean(Dense):
    def step(self, name, g, lr):
        self.state[name] = 0.9 * self.state[name] + 0.1 * g
        return lr * self.state[name]


network = [RMSprop(6, 5), Adagrad(5, 5), Nesterov(5, 4), RunningMean(4, 3)]
