# expected: 0:factor:W0 1:factor:W1
import numpy as np


class Store:
    def __init__(self):
        self.arrays = {}

    def make(self, name, *shape):
        self.arrays[name] = np.random.randn(*shape)


store = Store()


class Dense:
    def __init__(self, k, n, m):
        self.W, self.b = f"W{k}", f"b{k}"
        store.make(self.W, n, m)
        store.make(self.b, m)

    def forward_propagation(self, X):
        self.X = X
        return X @ store.arrays[self.W] + store.arrays[self.b]

    def backward_propagation(self, G, lr):
        d = G @ store.arrays[self.W].T
        store.arrays[self.W] -= lr * 0.5 * self.X.T @ G
        store.arrays[self.b] -= lr * G.sum(axis=0)
        return d


network = [Dense(0, 5, 4), Dense(1, 4, 3)]
