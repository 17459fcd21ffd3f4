# expected: 0:integer:Y
import numpy as np

X = np.array([[0, 0], [0, 2], [2, 0], [2, 2]])


class Squash:
    def forward_propagation(self, x):
        self.y = np.zeros_like(x)
        for i in range(x.shape[1]):
            self.y[0, i] = np.tanh(x[0, i])
        return self.y

    def backward_propagation(self, g, lr):
        return g * (1 - self.y**2)


class Dense:
    def __init__(self):
        self.w = np.random.randn(2, 1)

    def forward_propagation(self, x):
        self.x = x
        return x @ self.w

    def backward_propagation(self, g, lr):
        d = g @ self.w.T
        self.w -= lr * self.x.T @ g
        return d


class Network:
    layers = [Squash(), Dense()]


network = Network()
