# expected: 0:factor:weights 1:factor:weights
import numpy as np


class Dense:
    weights = np.random.default_rng(0).normal(size=(3, 3))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.weights

    def backward_propagation(self, dY, lr):
        dX = dY @ self.weights.T
        self.weights = self.weights - 2 * lr * self.X.T @ dY
        return dX


network = [Dense(), Dense()]
