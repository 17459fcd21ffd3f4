# expected: 0:raised:
import numpy as np


class Hog:
    def forward_propagation(self, X):
        self.kept = []
        while True:
            self.kept.append(np.ones(2**20))

    def backward_propagation(self, dY, lr):
        return dY


network = [Hog()]
