"""The reference arithmetic against a plain program that shares no code with nnstep."""

from pathlib import Path

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.data import load_data
from nnstep.engines.base import choose_engine
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.training import Trainer

DIGITS = Path(__file__).parent.parent / "samples" / "digits.npz"


def plain_program(W, b, epochs, count, rate):
    data = np.load(DIGITS)
    x, labels = data["x_train"][:count].reshape(count, 784) / 255, data["y_train"][:count]
    errors = []
    for _ in range(epochs):
        total = 0.0
        for pixels, label in zip(x, labels, strict=True):
            y = np.zeros(10)
            y[label] = 1
            a = [pixels]
            for w, c in zip(W, b, strict=True):
                a.append(np.tanh(a[-1].dot(w) + c))
            total += ((y - a[-1]) ** 2).sum() / 10
            g = -2 * (y - a[-1]) / 10
            for k in (2, 1, 0):
                g = g * (1 - a[k + 1] ** 2)
                back = W[k].dot(g)
                W[k] = W[k] - rate * np.outer(a[k], g)
                b[k] = b[k] - rate * g
                g = back
        errors.append(total / count)
    a = data["x_test"].reshape(-1, 784) / 255
    for w, c in zip(W, b, strict=True):
        a = np.tanh(a.dot(w) + c)
    y = np.eye(10)[data["y_test"]]
    right = sum(int(p.argmax()) == int(t) for p, t in zip(a, data["y_test"], strict=True))
    strict = sum(bool((np.round(p) == t).all()) for p, t in zip(a, y, strict=True))
    return errors, right, strict


@pytest.fixture(scope="module")
def expected():
    network = build_network(seed=5)
    W = [network.layers[i].parameters["weights"].copy() for i in (0, 2, 4)]
    return plain_program(W, [np.zeros(128), np.zeros(64), np.zeros(10)], 2, 1500, 0.1)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_the_trainer_agrees_with_a_plain_program(engine, expected) -> None:
    network, data = build_network(seed=5), load_data("samples", 1500)
    stack = Stack(network.layers, network.loss)
    trainer = Trainer(stack, data.train, choose_engine(engine, stack), Settings(0.1))
    errors = [report.error for report in trainer.run(2) if report.epoch_ended]
    np.testing.assert_allclose(errors, expected[0], rtol=0, atol=1e-9)
    from nnstep.commands import test_set as evaluate_on

    test = evaluate_on(network, data.test)
    assert (test.correct, test.strict_correct) == expected[1:]


def test_fit_agrees_with_a_plain_program(expected, capsys) -> None:
    network, data = build_network(seed=5), load_data("samples", 1500)
    x, y = data.train.inputs(slice(None)), data.train.targets(slice(None))
    np.testing.assert_allclose(network.fit(x, y, 2, 0.1), expected[0], rtol=0, atol=1e-9)
    network.predict(data.test.inputs(slice(None)), data.test.targets(slice(None)))
    assert f"Accuracy: {expected[1]}/1000" in capsys.readouterr().out
