# expected: 0:wrong-activation-derivative:dE/dX
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_prime(x):
    return sigmoid(x) * (1 - sigmoid(x))


class Activation:
    def __init__(self, function, derivative):
        self.function = function
        self.derivative = derivative

    def forward_propagation(self, X):
        self.X = X
        return self.function(X)

    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY * self.derivative(self.X)


network = [Activation(np.tanh, sigmoid_prime)]
