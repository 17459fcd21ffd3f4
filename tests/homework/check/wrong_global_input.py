# expected: errors:overwritten
import numpy as np

last = None


class Tanh:
    def forward_propagation(self, X):
        global last
        last = X
        return np.tanh(X)

    def backward_propagation(self, G, lr):
        return G * (1 - np.tanh(last) ** 2)


class Dense:
    def __init__(self, i, o):
        r = np.random.default_rng(1)
        self.W = r.normal(size=(i, o))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W

    def backward_propagation(self, G, lr):
        d = G @ self.W.T
        self.W -= lr * self.X.T @ G
        return d


network = [Dense(4, 5), Tanh(), Dense(5, 3), Tanh()]
