# expected: nothing
import numpy as np


class Affine:
    def __init__(self, i, o):
        rng = np.random.default_rng(0)
        self.kernel = rng.uniform(-1, 1, (i, o))
        self.beta = np.zeros((o,))

    def forward_propagation(self, X):
        self._cache = X
        return np.einsum("bi,io->bo", X, self.kernel) + self.beta

    def backward_propagation(self, G, lr):
        dK = np.einsum("bi,bo->io", self._cache, G)
        dX = np.einsum("bo,io->bi", G, self.kernel)
        self.kernel = self.kernel - lr * dK
        self.beta = self.beta - lr * np.einsum("bo->o", G)
        return dX


network = [Affine(5, 3)]
