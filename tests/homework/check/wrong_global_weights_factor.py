# expected: 0:factor:W1
import numpy as np

W1 = np.random.randn(4, 3)


class D2:
    def forward_propagation(s, x):
        s.x = x
        return x @ W1

    def backward_propagation(s, g, lr):
        global W1
        d = g @ W1.T
        W1 = W1 - 2 * lr * s.x.T @ g
        return d


network = [D2()]
