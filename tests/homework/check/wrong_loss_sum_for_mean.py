# expected: loss:sum-for-mean
import numpy as np


class Net:
    class Tanh:
        def forward_propagation(self, X):
            self.Y = np.tanh(X)
            return self.Y

        def backward_propagation(self, dE_dY, learning_rate):
            return dE_dY * (1 - self.Y**2)

    def __init__(self):
        self.layers = [Net.Tanh()]

    @staticmethod
    def loss(y_true, y_pred):
        return np.mean(np.power(y_true - y_pred, 2))

    @staticmethod
    def loss_prime(y_true, y_pred):
        return 2 * (y_pred - y_true)


network = Net()
