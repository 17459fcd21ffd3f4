# expected: 0:integer:Y
import numpy as np


class Tanh:
    def forward_propagation(self, X):
        out = np.zeros(X.shape, dtype=int)
        for i in range(X.shape[1]):
            out[0, i] = np.tanh(X[0, i])
        self.y = out
        return out.astype(float)

    def backward_propagation(self, G, lr):
        return G * (1 - self.y**2)


network = [Tanh()]
