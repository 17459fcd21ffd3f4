# expected: nothing
import numpy as np


class D2:
    def __init__(s, n, m):
        s.params = {"W": np.random.randn(n, m)}

    def __getattr__(s, k):
        return s.params[k]

    def forward_propagation(s, x):
        s.x = x
        return x @ s.W

    def backward_propagation(s, g, lr):
        d = g @ s.W.T
        s.params["W"] = s.params["W"] - lr * s.x.T @ g
        return d


network = [D2(4, 3), D2(3, 2)]
