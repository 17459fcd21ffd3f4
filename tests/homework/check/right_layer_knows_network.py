# expected: nothing
import numpy as np


class D:
    def __init__(self, net, n, m):
        self.net = net
        self.w = np.random.default_rng(n).normal(size=(n, m))
        self.b = np.zeros(m)

    def forward_propagation(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward_propagation(self, g, lr):
        d = g.dot(self.w.T)
        self.w -= lr * self.x.T @ g
        self.b -= lr * g.sum(0)
        return d


class Net:
    def __init__(self):
        self.layers = []
        self.layers += [D(self, 4, 3), D(self, 3, 2)]


network = Net()
