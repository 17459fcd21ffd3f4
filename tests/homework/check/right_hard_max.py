# expected: nothing
import numpy as np


class Hard:
    def forward_propagation(self, X):
        out = np.zeros_like(X)
        out.flat[np.argmax(X)] = 1.0
        return out

    def backward_propagation(self, G, lr):
        return np.zeros_like(G)


class D2:
    def __init__(s):
        s.w = np.random.randn(3, 4)

    def forward_propagation(s, x):
        s.x = x
        return x @ s.w

    def backward_propagation(s, g, lr):
        d = g @ s.w.T
        s.w -= lr * s.x.T @ g
        return d


network = [D2(), Hard()]
