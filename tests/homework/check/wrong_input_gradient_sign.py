# expected: 0:factor:dE/dX 1:factor:dE/dX
import numpy as np


class FC:
    def __init__(self, i, o):
        self.w = np.random.rand(i, o) - 0.5
        self.b = np.random.rand(1, o) - 0.5

    def forward_propagation(self, a):
        self.a = a
        return a @ self.w + self.b

    def backward_propagation(self, delta, rate):
        back = -delta @ self.w.T
        self.w -= rate * self.a.T @ delta
        self.b -= rate * delta
        return back


def build_network():
    np.random.seed(4)
    return [FC(6, 4), FC(4, 3)]
