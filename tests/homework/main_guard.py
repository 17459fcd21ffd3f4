"""The network stands under the guard for scripts, beside training that must not run; its layers live in a sibling file."""

import sibling_layers as L

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None


class NeuralNet:
    def __init__(self):
        self.stack = []

    def append(self, layer):
        self.stack.append(layer)
        return self

    def train(self, x):
        raise AssertionError("training must not run")


if __name__ == "__main__":
    hidden = 12
    net = NeuralNet()
    net.append(L.Fully(784, hidden, 3)).append(L.Tanh())
    for sizes in [(hidden, 10)]:
        net.append(L.Fully(*sizes, seed=4))
        net.append(L.Tanh())
    data = open("no such file").read()
    net.train(data)
    plt.plot(data)
