# expected: 0:broadcast:dE/dX
import numpy as np


class Tanh:
    def __init__(self):
        pass

    def forward_propagation(self, X):
        self.Y = np.tanh(X)
        return self.Y

    def backward_propagation(self, G, lr):
        return (G.reshape(-1, 1) * (1 - self.Y.reshape(-1) ** 2)).sum(axis=0).reshape(G.shape)


network = [Tanh()]
