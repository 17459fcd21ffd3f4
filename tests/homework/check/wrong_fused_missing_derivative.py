# expected: 0:missing-derivative:dE/dX 0:missing-derivative:W 0:missing-derivative:b
import numpy as np


class Neurons:
    def __init__(self, n, m):
        self.W = np.random.default_rng(0).normal(size=(m, n))
        self.b = np.zeros((m, 1))

    def forward_propagation(self, x):
        self.x = x
        self.a = 1 / (1 + np.exp(-(self.W @ x + self.b)))
        return self.a

    def backward_propagation(self, g, lr):
        back = self.W.T @ g
        self.W = self.W - lr * g @ self.x.T
        self.b = self.b - lr * g
        return back


network = [Neurons(4, 3)]
