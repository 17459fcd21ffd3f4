# expected: nothing
import numpy as np


class Leaky:
    def forward_propagation(self, x):
        self.m = np.where(x > 0, 1.0, 0.01)
        return x * self.m

    def backward_propagation(self, g, lr):
        return g * self.m


class Softplus:
    def forward_propagation(self, x):
        self.x = x
        return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)

    def backward_propagation(self, g, lr):
        return g * np.where(
            self.x >= 0, 1 / (1 + np.exp(-np.abs(self.x))), np.exp(-np.abs(self.x)) / (1 + np.exp(-np.abs(self.x)))
        )


class HardTanh:
    def forward_propagation(self, x):
        self.x = x
        return np.clip(x, -1, 1)

    def backward_propagation(self, g, lr):
        return g * ((self.x > -1) & (self.x < 1))


class Relu6:
    def forward_propagation(self, x):
        self.x = x
        return np.minimum(np.maximum(x, 0), 6)

    def backward_propagation(self, g, lr):
        return g * ((self.x > 0) & (self.x < 6))


class Abs:
    def forward_propagation(self, x):
        self.s = np.sign(x)
        return np.abs(x)

    def backward_propagation(self, g, lr):
        return g * self.s


network = [Leaky(), Softplus(), HardTanh(), Relu6(), Abs()]
