# expected: 0:transposed:kernel
import numpy as np


class Column:
    """Samples are columns (n, 1); the kernel is (out, in)."""

    def __init__(self, size):
        rng = np.random.default_rng(5)
        self.kernel = rng.standard_normal((size, size))
        self.offset = rng.standard_normal((size, 1))

    def forward_propagation(self, x):
        self.x = x
        return self.kernel @ x + self.offset

    def backward_propagation(self, g, lr):
        gx = self.kernel.T @ g
        self.kernel -= lr * (self.x @ g.T)
        self.offset -= lr * g
        return gx


network = [Column(3)]
