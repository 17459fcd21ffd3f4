# expected: nothing
import numpy as np

STACK = []  # last in, first out: forward pushes, backward pops, right in a network


class Tanh:
    def forward_propagation(self, X):
        y = np.tanh(X)
        STACK.append(y)
        return y

    def backward_propagation(self, G, lr):
        y = STACK.pop()
        return G * (1 - y**2)


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m) * 0.4

    def forward_propagation(self, X):
        STACK.append(X)
        return X @ self.W

    def backward_propagation(self, G, lr):
        X = STACK.pop()
        d = G @ self.W.T
        self.W -= lr * X.T @ G
        return d


network = [Dense(4, 3), Tanh(), Dense(3, 2), Tanh()]
