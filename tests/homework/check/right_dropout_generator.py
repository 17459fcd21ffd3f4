# expected: nothing
import numpy as np

rng = np.random.default_rng(3)


class Dropout:
    def __init__(self, p):
        self.p = p

    def forward_propagation(self, X):
        self.m = (rng.random(X.shape) > self.p) / (1 - self.p)
        return X * self.m

    def backward_propagation(self, G, lr):
        return G * self.m


network = [Dropout(0.05), Dropout(0.3), Dropout(0.5), Dropout(0.9)]
