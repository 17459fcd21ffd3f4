# expected: nothing
import numpy as np


class P:
    input_shape = (4, 4)

    def __init__(self):
        self.input_shape = (4, 4)

    def forward_propagation(self, x):
        self.x = x
        return x.reshape(2, 2, 2, 2).max(axis=(1, 3))

    def backward_propagation(self, g, lr):
        y = self.x.reshape(2, 2, 2, 2).max(axis=(1, 3))
        out = np.zeros((4, 4))
        for i in range(4):
            for j in range(4):
                if self.x[i, j] == y[i // 2, j // 2]:
                    out[i, j] = g[i // 2, j // 2]
        return out


network = [P()]
