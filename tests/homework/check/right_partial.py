# expected: nothing
import numpy as np
from functools import partial
from types import SimpleNamespace


def f(state, x):
    state["x"] = x
    return x @ state["W"]


def b(state, g, lr):
    d = g @ state["W"].T
    state["W"] = state["W"] - lr * state["x"].T @ g
    return d


def make(n, m):
    st = {"W": np.random.randn(n, m)}
    return SimpleNamespace(forward_propagation=partial(f, st), backward_propagation=partial(b, st), state=st)


network = [make(4, 3), make(3, 2)]
