# expected: nothing
import numpy as np


class SGD:
    def update(self, layer, grads, lr):
        for k, v in grads.items():
            setattr(layer, k, getattr(layer, k) - lr * v)


class D:
    def __init__(self, n, m, opt):
        self.w = np.random.default_rng(n).normal(size=(n, m))
        self.b = np.zeros((1, m))
        self.opt = opt

    def forward_propagation(self, x):
        self.x = x
        return x.dot(self.w) + self.b

    def backward_propagation(self, g, lr):
        d = g.dot(self.w.T)
        self.opt.update(self, {"w": self.x.T.dot(g), "b": g.sum(axis=0, keepdims=True)}, lr)
        return d


sgd = SGD()
network = [D(4, 5, sgd), D(5, 2, sgd)]
