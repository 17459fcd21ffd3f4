# expected: nothing
import numpy as np


class Slow:
    def __init__(self, n, m):
        rng = np.random.default_rng(3)
        self.w = rng.normal(size=(n, m))
        self.t = rng.normal(size=m)

    def forward_propagation(self, x):
        self.x = [float(v) for v in x.ravel()]
        out = np.zeros((1, len(self.t)))
        for j in range(len(self.t)):
            total = self.t[j]
            for i in range(len(self.x)):
                total += self.x[i] * self.w[i, j]
            out[0, j] = total
        return out

    def backward_propagation(self, g, lr):
        back = np.zeros((1, len(self.x)))
        old = self.w.copy()
        for i in range(len(self.x)):
            for j in range(len(self.t)):
                back[0, i] += old[i, j] * g[0, j]
                self.w[i, j] -= lr * self.x[i] * g[0, j]
        for j in range(len(self.t)):
            self.t[j] -= lr * g[0, j]
        return back


network = [Slow(4, 3)]
