# expected: 0:integer:dE/dX 0:integer:W
import numpy as np


class Dense:
    def __init__(self, i, o):
        r = np.random.default_rng(1)
        self.W = r.normal(size=(i, o))
        self.b = np.zeros(o)

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, G, lr):
        d = np.zeros(len(self.X), dtype=int)
        dW = np.zeros(self.W.shape, int)
        for i in range(len(d)):
            for j in range(len(G)):
                d[i] += self.W[i, j] * G[j]
                dW[i, j] = self.X[i] * G[j]
        self.W -= lr * dW
        self.b -= lr * G
        return d.astype(float)


network = [Dense(4, 3)]
