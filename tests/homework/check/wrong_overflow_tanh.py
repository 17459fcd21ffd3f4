# expected: 0:overflow:Y
import numpy as np


class Tanh:
    def forward_propagation(self, x):
        up, down = np.exp(x), np.exp(-x)
        self.y = (up - down) / (up + down)
        return self.y

    def backward_propagation(self, g, lr):
        return g * (1 - self.y**2)


network = [Tanh()]
