# expected: 0:factor:a
import numpy as np


class Aff:
    def __init__(s):
        s.a = 1.5

    def forward_propagation(s, x):
        s.x = x
        return s.a * x

    def backward_propagation(s, g, lr):
        d = g * s.a
        s.a -= 2 * lr * np.sum(g * s.x)
        return d


network = [Aff()]
