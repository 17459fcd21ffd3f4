# expected: 0:derivative-at-output:dE/dX
import numpy as np


class T:
    def __init__(self):
        self.memory = {}

    def forward_propagation(self, X):
        out = np.zeros_like(X)
        for k in range(X.shape[1]):
            out[0, k] = np.tanh(X[0, k])
        self.memory["out"] = out
        return out

    def backward_propagation(self, D, lr):
        return D * (1 - np.tanh(self.memory["out"]) ** 2)


network = [T()]
