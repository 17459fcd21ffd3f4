# expected: nothing
import numpy as np


class Softmax:
    def forward_propagation(self, x):
        e = np.exp(x - x.max())
        self.s = e / e.sum()
        return self.s

    def backward_propagation(self, g, lr):
        s = self.s.reshape(-1, 1)
        J = np.diagflat(s) - s @ s.T
        return (J @ g.reshape(-1, 1)).reshape(g.shape)


class D:
    def __init__(s):
        s.w = np.random.randn(4, 5)

    def forward_propagation(s, x):
        s.x = x
        return x @ s.w

    def backward_propagation(s, g, lr):
        d = g @ s.w.T
        s.w -= lr * s.x.T @ g
        return d


network = [D(), Softmax()]


def loss(y, p):
    return -np.sum(y * np.log(p + 1e-12))


def loss_prime(y, p):
    return -y / (p + 1e-12)
