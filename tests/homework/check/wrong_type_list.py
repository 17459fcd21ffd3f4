# expected: 0:wrong-type:Y
import numpy as np


class Relu:
    def forward_propagation(self, x):
        self.x = x
        return [max(0.0, float(v)) for v in x.flatten()]

    def backward_propagation(self, dY, lr):
        return np.asarray(dY).reshape(self.x.shape) * (self.x > 0)


network = [Relu()]
