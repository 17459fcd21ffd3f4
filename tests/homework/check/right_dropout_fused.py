# expected: nothing
import numpy as np


class DD:
    def __init__(s):
        s.w = np.random.randn(4, 3)
        s.rng = np.random.RandomState(1)

    def forward_propagation(s, x):
        s.x = x
        s.m = (s.rng.rand(1, 3) > 0.2) / 0.8
        return x @ s.w * s.m

    def backward_propagation(s, g, lr):
        g = g * s.m
        d = g @ s.w.T
        s.w -= lr * s.x.T @ g
        return d


network = [DD()]
