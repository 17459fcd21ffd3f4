# expected: nothing
import numpy as np


class Dense:
    """The class's weights are only what an instance begins with."""

    weights = np.random.default_rng(0).normal(size=(3, 3))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.weights

    def backward_propagation(self, dY, lr):
        dX = dY @ self.weights.T
        self.weights = self.weights - lr * self.X.T @ dY
        return dX


network = [Dense(), Dense()]
