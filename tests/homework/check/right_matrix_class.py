# expected: nothing
import numpy as np


class D2:
    def __init__(s, n, m):
        s.W = np.asmatrix(np.random.randn(n, m))

    def forward_propagation(s, x):
        s.x = np.asmatrix(x)
        return s.x * s.W

    def backward_propagation(s, g, lr):
        g = np.asmatrix(g)
        d = g * s.W.T
        s.W = s.W - lr * s.x.T * g
        return d


network = [D2(4, 3), D2(3, 2)]
