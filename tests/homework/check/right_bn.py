# expected: nothing
import numpy as np


class BN:
    def __init__(self, n):
        self.gamma = np.ones(n)
        self.beta = np.zeros(n)
        self.eps = 1e-5
        self.run_mean = np.zeros(n)

    def forward_propagation(self, x):
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        self.s = np.sqrt(var + self.eps)
        self.xh = (x - mu) / self.s
        self.run_mean = 0.9 * self.run_mean + 0.1 * mu
        return self.gamma * self.xh + self.beta

    def backward_propagation(self, g, lr):
        gx = g * self.gamma
        d = (gx - gx.mean(0) - self.xh * (gx * self.xh).mean(0)) / self.s
        self.gamma -= lr * (g * self.xh).sum(0)
        self.beta -= lr * g.sum(0)
        return d


network = [BN(4)]
