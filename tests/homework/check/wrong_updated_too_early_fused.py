# expected: 0:updated-too-early:dE/dX
import numpy as np


class Dense:
    def __init__(self, n, m):
        self.params = {"W": np.random.default_rng(1).normal(size=(n, m)), "b": np.zeros((1, m))}

    def forward_propagation(self, x):
        self.cache = x
        self.out = 1 / (1 + np.exp(-(x @ self.params["W"] + self.params["b"])))
        return self.out

    def backward_propagation(self, g, lr):
        delta = g * self.out * (1 - self.out)
        self.params["W"] -= lr * self.cache.T @ delta
        self.params["b"] -= lr * delta.sum(axis=0, keepdims=True)
        return delta @ self.params["W"].T


network = [Dense(4, 3)]
