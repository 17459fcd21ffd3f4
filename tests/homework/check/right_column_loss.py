# expected: nothing
import numpy as np


class D:
    def __init__(s):
        s.w = np.random.randn(3, 4)

    def forward_propagation(s, x):
        s.x = x
        return s.w.T @ x

    def backward_propagation(s, g, lr):
        d = s.w @ g
        s.w -= lr * np.outer(s.x, g)
        return d


network = [D()]


def loss(y, p):
    return 0.5 * np.sum((y - p) ** 2)


def loss_prime(y, p):
    return p - y
