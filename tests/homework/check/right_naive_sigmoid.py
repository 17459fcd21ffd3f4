# expected: nothing
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Sigmoid:
    def forward_propagation(self, x):
        self.out = sigmoid(x)
        return self.out

    def backward_propagation(self, dy, learning_rate):
        return dy * (self.out * (1 - self.out))


def binary_cross_entropy(y_true, y_pred):
    return np.mean(-y_true * np.log(y_pred) - (1 - y_true) * np.log(1 - y_pred))


def binary_cross_entropy_prime(y_true, y_pred):
    return ((1 - y_true) / (1 - y_pred) - y_true / y_pred) / np.size(y_true)


loss = binary_cross_entropy
loss_prime = binary_cross_entropy_prime
network = [Sigmoid()]
