# expected: 0:derivative-at-output:dE/dX 0:derivative-at-output:W 0:derivative-at-output:b
import numpy as np


def sig(z):
    return 0.5 + 0.5 * np.tanh(z / 2)


class L:
    def __init__(self, i, o):
        self.W = np.random.randn(i, o)
        self.b = np.zeros((1, o))

    def forward_propagation(self, X):
        self.a_prev = X
        z = X @ self.W
        z += self.b
        self.a = sig(z)
        return self.a

    def backward_propagation(self, D, lr):
        delta = D * sig(self.a) * (1 - sig(self.a))
        out = delta @ self.W.T
        self.W -= lr * self.a_prev.T @ delta
        self.b -= lr * delta.sum(0)
        return out


network = [L(4, 3)]
