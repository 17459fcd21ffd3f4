# expected: 0:raised:
import numpy as np


class Hog:
    def __init__(self):
        self.kept = [np.zeros(10)]

    def forward_propagation(self, X):
        for _ in range(3):
            self.kept.append(np.ones(2**21))
        return X * 2

    def backward_propagation(self, dY, lr):
        return dY * 2


network = [Hog()]
