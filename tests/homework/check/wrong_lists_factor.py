# expected: 0:factor:W
import numpy as np


class D2:
    def __init__(s):
        s.W = [[0.1, 0.2, -0.3], [0.4, -0.5, 0.6]]

    def forward_propagation(s, x):
        s.x = x
        return np.array([sum(x[i] * s.W[i][j] for i in range(2)) for j in range(3)])

    def backward_propagation(s, g, lr):
        d = np.array([sum(g[j] * s.W[i][j] for j in range(3)) for i in range(2)])
        for j in range(3):
            for i in range(2):
                s.W[i][j] -= 2 * lr * s.x[i] * g[j]
        return d


network = [D2()]
