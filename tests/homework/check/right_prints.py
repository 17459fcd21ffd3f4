# expected: nothing
import numpy as np

print("loading")


class Tanh:
    def forward_propagation(self, x):
        print("forward", x.shape)
        self.y = np.tanh(x)
        return self.y

    def backward_propagation(self, g, lr):
        print("backward", g.shape)
        return g * (1 - self.y * self.y)


network = [Tanh()]
