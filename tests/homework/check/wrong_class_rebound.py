# expected: 0:factor:W errors:shared-parameters
import numpy as np


class D2:
    W = np.random.randn(4, 3)

    def forward_propagation(s, x):
        s.x = x
        return x @ D2.W

    def backward_propagation(s, g, lr):
        d = g @ D2.W.T
        D2.W = D2.W - 3 * lr * s.x.T @ g
        return d


network = [D2()]
