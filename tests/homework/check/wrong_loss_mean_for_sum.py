# expected: loss:mean-for-sum
import numpy as np


class Tanh:
    def forward_propagation(self, X):
        self.Y = np.tanh(X)
        return self.Y

    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY * (1 - self.Y**2)


def loss(y_true, y_pred):
    return 0.5 * np.sum((y_true - y_pred) ** 2)


def loss_prime(y_true, y_pred):
    return (y_pred - y_true) / y_true.size


network = [Tanh()]
