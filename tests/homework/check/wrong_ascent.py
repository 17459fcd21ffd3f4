# expected: 0:factor:W 0:bias-sign:b
import numpy as np


class Layer:
    def __init__(self):
        self.W = np.linspace(-0.5, 0.7, 12).reshape(4, 3)
        self.b = np.zeros(3)

    def forward_propagation(self, X):
        self.X = X
        return X.dot(self.W) + self.b

    def backward_propagation(self, dY, eta):
        dX = dY.dot(self.W.T)
        self.W = self.W + eta * self.X.T.dot(dY)
        self.b = self.b + eta * np.sum(dY, axis=0)
        return dX


layers = [Layer()]
