# expected: 0:overflow:Y
import numpy as np


class Softmax:
    def forward_propagation(self, x):
        e = np.exp(x)
        self.s = e / np.sum(e, axis=-1, keepdims=True)
        return self.s

    def backward_propagation(self, g, lr):
        return self.s * (g - np.sum(g * self.s, axis=-1, keepdims=True))


network = [Softmax()]
