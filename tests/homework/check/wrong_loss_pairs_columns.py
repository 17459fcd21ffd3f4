# expected: loss:broadcast
import numpy as np


class D:
    def __init__(s):
        s.w = np.random.randn(3, 3)
        s.b = np.zeros((3, 1))

    def forward_propagation(s, x):
        s.x = x
        return s.w @ x + s.b

    def backward_propagation(s, g, lr):
        d = s.w.T @ g
        s.w -= lr * g @ s.x.T
        s.b -= lr * g
        return d


network = [D()]


def loss(y, p):
    return np.mean((y.ravel() - p) ** 2)


def loss_prime(y, p):
    return 2 * (p - y) / p.size
