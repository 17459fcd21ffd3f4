# expected: nothing
from types import SimpleNamespace

import numpy as np


def dense(n, m, seed):
    rng = np.random.default_rng(seed)
    memory = {"W": rng.normal(size=(n, m)), "b": np.zeros(m)}

    def forward_propagation(X):
        memory["X"] = X
        return X @ memory["W"] + memory["b"]

    def backward_propagation(dY, lr):
        dX = dY @ memory["W"].T
        memory["W"] = memory["W"] - lr * memory["X"].T @ dY
        memory["b"] = memory["b"] - lr * dY.sum(axis=0)
        return dX

    return SimpleNamespace(forward_propagation=forward_propagation, backward_propagation=backward_propagation)


network = [dense(4, 3, 0), dense(3, 2, 1)]
