# expected: nothing
import numpy as np


class Adam:
    def __init__(self):
        self.state = {}

    def step(self, key, p, g, lr):
        m, v, t = self.state.get(key, (0.0, 0.0, 0))
        m, v, t = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2, t + 1
        self.state[key] = m, v, t
        p -= lr * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


adam = Adam()


class FC:
    made = 0

    def __init__(self, n, m):
        FC.made += 1
        self.number = FC.made
        self.w = np.random.uniform(-1, 1, (n, m))
        self.b = np.zeros((1, m))

    def forward_propagation(self, x):
        self.x = x
        return x.dot(self.w) + self.b

    def backward_propagation(self, e, eta):
        back = e.dot(self.w.T)
        adam.step((self.number, "w"), self.w, self.x.T.dot(e), eta)
        adam.step((self.number, "b"), self.b, e.sum(axis=0, keepdims=True), eta)
        return back


network = [FC(5, 4), FC(4, 2)]
