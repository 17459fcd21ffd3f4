# expected: nothing
from dataclasses import dataclass, field
import numpy as np


@dataclass
class Dense:
    n: int
    m: int
    W: np.ndarray = field(init=False)
    b: np.ndarray = field(init=False)
    X: np.ndarray | None = field(default=None, repr=False)

    def __post_init__(self):
        self.W = np.random.randn(self.n, self.m) / np.sqrt(self.n)
        self.b = np.zeros((1, self.m))

    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward_propagation(self, dE_dY, learning_rate):
        dX = dE_dY @ self.W.T
        self.W = self.W - learning_rate * (self.X.T @ dE_dY)
        self.b = self.b - learning_rate * dE_dY.sum(axis=0, keepdims=True)
        return dX


@dataclass(eq=False)
class Act:
    f: object
    df: object

    def forward_propagation(self, X):
        self.X = X
        return self.f(X)

    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY * self.df(self.X)


network = [Dense(4, 3), Act(np.tanh, lambda x: 1 - np.tanh(x) ** 2), Dense(3, 2)]
