# expected: nothing
import numpy as np


class Softmax:
    def forward_propagation(self, X):
        shifted = X - np.max(X, axis=1, keepdims=True)
        e = np.exp(shifted)
        self.S = e / np.sum(e, axis=1, keepdims=True)
        return self.S

    def backward_propagation(self, dY, lr):
        out = np.empty_like(dY)
        for k, (s, g) in enumerate(zip(self.S, dY)):
            s = s.reshape(-1, 1)
            J = np.diagflat(s) - s @ s.T
            out[k] = J @ g
        return out


def loss(y_true, y_pred):
    return -np.sum(y_true * np.log(y_pred + 1e-12)) / len(y_true)


def loss_prime(y_true, y_pred):
    return -y_true / (y_pred + 1e-12) / len(y_true)


network = [Softmax()]
