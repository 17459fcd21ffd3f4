# expected: nothing
import numpy as np


class Step:
    def forward_propagation(self, X):
        return np.where(X > 0, 1.0, 0.0)

    def backward_propagation(self, G, lr):
        return np.zeros_like(G)


network = [Step()]
