# expected: 0:factor:W 1:factor:W
"""The weights' gradient is divided by the number of inputs."""

import numpy as np


class Linear:
    def __init__(self, fan_in, fan_out):
        rng = np.random.RandomState(3)
        self.W = rng.randn(fan_in, fan_out) * 0.1
        self.b = np.zeros(fan_out)

    def forward_propagation(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward_propagation(self, grad, lr):
        dx = grad @ self.W.T
        self.W -= lr * (self.x.T @ grad) / self.x.shape[1]
        self.b -= lr * grad.sum(axis=0)
        return dx


class Net:
    def __init__(self):
        self.layers = [Linear(5, 4), Linear(4, 2)]


network = Net()
