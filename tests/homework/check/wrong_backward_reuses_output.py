# expected: 0:overwritten:Y
import numpy as np


class Sig:
    def __init__(self):
        pass

    def forward_propagation(self, X):
        self.Y = 1 / (1 + np.exp(-X))
        return self.Y

    def backward_propagation(self, G, lr):
        self.Y *= 1 - self.Y
        self.Y *= G
        return self.Y


network = [Sig()]
