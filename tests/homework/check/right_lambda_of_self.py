# expected: nothing
import numpy as np


class Act:
    def __init__(self, kind):
        self.kind = kind
        self.slope = {
            "tanh": lambda: 1 - np.tanh(self.x) ** 2,
            "relu": lambda: np.where(self.x > 0, 1.0, 0.0),
        }[kind]
        self.call = self._tanh if kind == "tanh" else self._relu

    def _tanh(self):
        return np.tanh(self.x)

    def _relu(self):
        return np.clip(self.x, 0, None)

    def forward_propagation(self, x):
        self.x = x
        return self.call()

    def backward_propagation(self, g, lr):
        return g * self.slope()


network = [Act("tanh"), Act("relu")]
