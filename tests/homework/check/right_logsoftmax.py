# expected: nothing
import numpy as np


class S:
    def forward_propagation(self, x):
        z = x - x.max(axis=1, keepdims=True)
        self.y = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return self.y

    def backward_propagation(self, g, lr):
        return g - np.exp(self.y) * g.sum(axis=1, keepdims=True)


network = [S()]
