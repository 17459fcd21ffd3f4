# expected: 0:factor:W
import numpy as np


class L:
    pass


def dense(n, m):
    W = np.random.randn(n, m)
    last = None

    def forward(X):
        nonlocal last
        last = X
        return X @ W

    def backward(G, lr):
        nonlocal W
        d = G @ W.T
        W = W - 2 * lr * last.T @ G
        return d

    l = L()
    l.forward_propagation = forward
    l.backward_propagation = backward
    return l


network = [dense(4, 3)]
