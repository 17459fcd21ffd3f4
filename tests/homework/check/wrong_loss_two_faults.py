# expected: loss:sum-for-mean loss:factor
import numpy as np


class Tanh:
    def forward_propagation(self, X):
        self.Y = np.tanh(X)
        return self.Y

    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY * (1 - self.Y**2)


def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)


def mse_prime(y_true, y_pred):
    return y_pred - y_true


network = [Tanh()]
