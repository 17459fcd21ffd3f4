# expected: nothing
import numpy as np


class Layer:
    count = 0
    arrays = {}

    def __init__(self, n, m):
        Layer.count += 1
        self.id = f"layer{Layer.count}"
        self.arrays[self.id + "_W"] = np.random.normal(size=(n, m))
        self.arrays[self.id + "_b"] = np.zeros(m)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.arrays[self.id + "_W"] + self.arrays[self.id + "_b"]

    def backward_propagation(self, D, lr):
        out = D @ self.arrays[self.id + "_W"].T
        self.arrays[self.id + "_W"] -= lr * self.X.T @ D
        self.arrays[self.id + "_b"] -= lr * D.sum(axis=0)
        return out


network = [Layer(3, 4), Layer(4, 2)]
