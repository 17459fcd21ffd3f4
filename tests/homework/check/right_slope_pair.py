# expected: nothing
from functools import partial

import numpy as np


def leaky(x, slope):
    return np.where(x > 0, x, slope * x)


def leaky_prime(x, slope):
    return np.where(x > 0, 1.0, slope)


def conv1d(x, k):
    return np.convolve(x, k, "valid")


def conv1d_backward(g, k):
    return np.convolve(g, k[::-1], "full")


class Activation:
    def __init__(self, f, f_prime):
        self.f, self.f_prime = f, f_prime

    def forward_propagation(self, x):
        self.x = x
        return self.f(x)

    def backward_propagation(self, g, lr):
        return g * self.f_prime(self.x)


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m) / np.sqrt(n)

    def forward_propagation(self, x):
        self.x = x
        return x @ self.W

    def backward_propagation(self, g, lr):
        dx = g @ self.W.T
        self.W -= lr * self.x.T @ g
        return dx


network = [Dense(6, 4), Activation(partial(leaky, slope=0.1), partial(leaky_prime, slope=0.1))]
