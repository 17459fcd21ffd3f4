# expected: nothing
import numpy as np


class Momentum:
    def __init__(self, beta):
        self.beta = beta

    def __call__(self, name, gradient):
        if not hasattr(self, "velocity"):
            self.velocity = {}
        self.velocity[name] = self.beta * self.velocity.get(name, 0.0) + gradient
        return self.velocity[name]


momentum = Momentum(0.9)


class Dense:
    def __init__(self, name, n, m):
        self.name = name
        self.W = np.random.randn(n, m)
        self.b = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        dX = G @ self.W.T
        self.W -= lr * momentum(self.name + ".W", self.X.T @ G)
        self.b -= lr * momentum(self.name + ".b", G.sum(0))
        return dX


network = [Dense("first", 4, 3), Dense("second", 3, 2)]
