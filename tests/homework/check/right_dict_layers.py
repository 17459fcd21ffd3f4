# expected: nothing
import numpy as np


class Layer:
    registry = []

    def __init__(self):
        Layer.registry.append(self)
        self.params = {}
        self.grads = {}


class D(Layer):
    def __init__(self, n, m):
        super().__init__()
        self.params["w"] = np.random.default_rng(n).normal(size=(n, m))
        self.params["b"] = np.zeros((1, m))

    def forward_propagation(self, x):
        self.x = x
        return x.dot(self.params["w"]) + self.params["b"]

    def backward_propagation(self, g, lr):
        self.grads["w"] = self.x.T.dot(g)
        self.grads["b"] = g.sum(axis=0, keepdims=True)
        d = g.dot(self.params["w"].T)
        for k in self.params:
            self.params[k] = self.params[k] - lr * self.grads[k]
        return d


class A(Layer):
    def forward_propagation(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward_propagation(self, g, lr):
        return g * (1 - self.y**2)


network = [D(4, 5), A(), D(5, 2), A()]
