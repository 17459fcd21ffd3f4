# expected: 1:derivative-at-input:dE/dX
import numpy as np


class Dense:
    def __init__(self):
        self.weights = np.array([[0.1, -0.4], [0.3, 0.2], [-0.5, 0.6]])
        self.bias = np.array([[0.0, 0.1]])

    def forward_propagation(self, x):
        self.x = x
        return np.dot(x, self.weights) + self.bias

    def backward_propagation(self, g, lr):
        d = np.dot(g, self.weights.T)
        self.weights -= lr * np.dot(self.x.T, g)
        self.bias -= lr * g
        return d


class Sig:
    def sigmoid_derivative(self, s):
        return s * (1 - s)

    def forward_propagation(self, x):
        self.x = x
        return 1 / (1 + np.exp(-x))

    def backward_propagation(self, g, lr):
        return g * self.sigmoid_derivative(self.x)


network = [Dense(), Sig()]
