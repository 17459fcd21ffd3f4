# expected: nothing
import numpy as np


class Conv:
    """One channel, valid, 3 × 3."""

    def __init__(self, filters):
        rng = np.random.default_rng(0)
        self.input_shape = (6, 6)
        self.filters = rng.normal(size=(filters, 3, 3))
        self.bias = np.zeros(filters)

    def forward_propagation(self, image):
        self.image = image
        out = np.zeros((len(self.filters), 4, 4))
        for f, kernel in enumerate(self.filters):
            for i in range(4):
                for j in range(4):
                    out[f, i, j] = np.sum(image[i : i + 3, j : j + 3] * kernel) + self.bias[f]
        return out

    def backward_propagation(self, g, lr):
        dimage = np.zeros_like(self.image)
        dfilters = np.zeros_like(self.filters)
        for f, kernel in enumerate(self.filters):
            for i in range(4):
                for j in range(4):
                    dimage[i : i + 3, j : j + 3] += g[f, i, j] * kernel
                    dfilters[f] += g[f, i, j] * self.image[i : i + 3, j : j + 3]
        self.filters -= lr * dfilters
        self.bias -= lr * g.sum(axis=(1, 2))
        return dimage


class Flatten:
    def forward_propagation(self, x):
        self.shape = x.shape
        return x.reshape(1, -1)

    def backward_propagation(self, g, lr):
        return g.reshape(self.shape)


class Dense:
    def __init__(self, n, m):
        self.W = np.random.default_rng(0).normal(size=(n, m))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W

    def backward_propagation(self, dY, lr):
        dX = dY @ self.W.T
        self.W -= lr * self.X.T @ dY
        return dX


network = [Conv(2), Flatten(), Dense(32, 3)]
