# expected: nothing
import numpy as np


class Neuron:
    def __init__(self, n, m, activation):
        self.w = np.random.default_rng(n).normal(size=(n, m)) * 0.7
        self.b = np.zeros((1, m))
        self.f, self.df = activation

    def forward_propagation(self, x):
        self.x = x
        self.z = x @ self.w + self.b
        return self.f(self.z)

    def backward_propagation(self, g, eta):
        delta = g * self.df(self.z)
        back = delta @ self.w.T
        self.w -= eta * self.x.T @ delta
        self.b -= eta * delta.sum(axis=0, keepdims=True)
        return back


sigmoid = lambda z: 1 / (1 + np.exp(-z))
RELU = (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0)
SIGMOID = (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z)))
TANH = (np.tanh, lambda z: 1 / np.cosh(z) ** 2)

layers = [Neuron(5, 4, SIGMOID), Neuron(4, 4, RELU), Neuron(4, 3, TANH)]
