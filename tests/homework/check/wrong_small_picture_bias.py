# expected: 0:bias-missing:bias
import numpy as np


class Conv:
    def __init__(self, k=3, filters=2):
        self.kernels = np.random.randn(filters, k, k) * 0.3
        self.bias = np.zeros(filters)
        self.k = k

    def forward_propagation(self, X):
        self.X = X.reshape(6, 6)
        n = 6 - self.k + 1
        Y = np.zeros((len(self.bias), n, n))
        for f in range(len(self.bias)):
            for i in range(n):
                for j in range(n):
                    Y[f, i, j] = np.sum(self.X[i : i + self.k, j : j + self.k] * self.kernels[f]) + self.bias[f]
        return Y.reshape(1, -1)

    def backward_propagation(self, D, rate):
        n = 6 - self.k + 1
        D = D.reshape(-1, n, n)
        dX = np.zeros_like(self.X)
        dK = np.zeros_like(self.kernels)
        for f in range(len(self.bias)):
            for i in range(n):
                for j in range(n):
                    dK[f] += D[f, i, j] * self.X[i : i + self.k, j : j + self.k]
                    dX[i : i + self.k, j : j + self.k] += D[f, i, j] * self.kernels[f]
        self.kernels -= rate * dK
        return dX.reshape(1, -1)


class Out:
    def __init__(self, i, o):
        self.W = np.random.randn(i, o) * 0.3
        self.b = np.zeros((1, o))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, D, rate):
        dX = D @ self.W.T
        self.W -= rate * self.X.T @ D
        self.b -= rate * D.sum(axis=0, keepdims=True)
        return dX


network = [Conv(), Out(32, 4)]
