# expected: nothing
import numpy as np


class ReLU:
    def forward_propagation(self, x):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward_propagation(self, dout, lr):
        dout = dout.copy()
        dout[self.mask] = 0
        return dout


class LeakyReLU:
    def __init__(self, slope=0.02):
        self.slope = slope

    def forward_propagation(self, x):
        self.x = x
        return np.maximum(self.slope * x, x)

    def backward_propagation(self, dout, lr):
        dx = np.ones_like(self.x)
        dx[self.x < 0] = self.slope
        return dx * dout


class Elu:
    def forward_propagation(self, x):
        self.y = np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)
        return self.y

    def backward_propagation(self, dout, lr):
        return dout * np.where(self.y > 0, 1.0, self.y + 1)


layers = [ReLU(), LeakyReLU(), Elu()]
