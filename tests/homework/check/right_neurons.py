# expected: nothing
import numpy as np


class Neuron:
    def __init__(s, n):
        s.w = np.random.randn(n)
        s.b = 0.1

    def out(s, x):
        s.x = x
        return float(s.w @ x + s.b)

    def back(s, g, lr):
        d = g * s.w
        s.w = s.w - lr * g * s.x
        s.b -= lr * g
        return d


class D2:
    def __init__(s, n, m):
        s.ns = [Neuron(n) for _ in range(m)]

    def forward_propagation(s, x):
        return np.array([n.out(x) for n in s.ns])

    def backward_propagation(s, g, lr):
        return sum(n.back(a, lr) for n, a in zip(s.ns, g))


network = [D2(3, 2), D2(2, 2)]
