# expected: 0:derivative-at-output:dE/dX
import numpy as np


def tanh_prime(x):
    return 1 - np.tanh(x) ** 2


class Activation:
    def __init__(self, f, f_prime):
        self.f, self.f_prime = f, f_prime

    def forward_propagation(self, input):
        self.input = input
        self.output = self.f(self.input)
        return self.output

    def backward_propagation(self, output_error, learning_rate):
        return self.f_prime(self.output) * output_error


network = [Activation(np.tanh, tanh_prime)]
