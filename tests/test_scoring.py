import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.commands import test_set as evaluate
from nnstep.layers import AffineLayer
from nnstep.losses import as_loss
from nnstep.network import Network
from nnstep.samples import Dataset, Samples
from nnstep.scoring import answers, mistakes, score, score_from_json
from nnstep.stack import Stack


def stack_of(network: Network) -> Stack:
    return Stack(network.layers, network.loss)


class Passes:
    """Gives its input back, one sample at a time."""

    def __init__(self) -> None:
        self.seen = np.zeros((1, 3))

    def forward_propagation(self, X: np.ndarray) -> np.ndarray:
        if len(X) != 1:
            raise ValueError("one at a time")
        self.seen = X
        return X

    def backward_propagation(self, dE_dY: np.ndarray, learning_rate: float) -> np.ndarray:
        return dE_dY


@pytest.fixture
def outputs() -> Samples:
    # Three classes; what the stack says is what comes in: 0, 2, 2, 1.
    pixels = np.array([[0.9, 0.1, 0.0], [0.2, 0.4, 0.7], [0.0, 0.1, 0.6], [0.0, 0.55, 0.5]])
    return Samples(pixels, np.array([0, 1, 2, 0], np.uint8), (1, 3), classes=3)


def test_a_score_is_what_one_counts_by_hand(outputs: Samples) -> None:
    found = score(Stack([Passes()], as_loss("mse")), outputs, count=7)
    assert (found.count, found.samples, found.correct) == (7, 4, 2)
    # (0.9, 0.1, 0) and (0, 0.1, 0.6) round to their targets, (0.2, 0.4, 0.7) to another, and (0, 0.55, 0.5) as well
    assert found.strict_correct == 2
    np.testing.assert_array_equal(found.confusion, [[1, 1, 0], [0, 0, 1], [0, 0, 1]])
    # 0.01 + 0.01;  0.04 + 0.36 + 0.49;  0.01 + 0.16;  1 + 0.3025 + 0.25, each over 3
    assert found.loss == pytest.approx((0.02 + 0.89 + 0.17 + 1.5525) / 12)


def test_mistakes_come_worst_first_and_a_cell_has_its_own(outputs: Samples) -> None:
    stack = Stack([Passes()], as_loss("mse"))
    worst, other = mistakes(stack, outputs)
    assert (worst.row, worst.label, worst.said, worst.confidence) == (3, 0, 1, 0.55)
    assert worst.loss == pytest.approx(1.5525 / 3)
    assert (other.row, other.label, other.said, other.confidence) == (1, 1, 2, 0.7)
    assert mistakes(stack, outputs, limit=1) == [worst]
    found = answers(stack, outputs)
    assert [one.row for one in found.cell(1, 2)] == [1] and [one.row for one in found.cell(0, 0)] == [0]
    assert found.cell(2, 1) == []


def test_layers_remember_what_they_remembered(outputs: Samples) -> None:
    layer = Passes()
    score(Stack([layer], as_loss("mse")), outputs)
    np.testing.assert_array_equal(layer.seen, np.zeros((1, 3)))


def test_a_score_equals_the_test_line(digits: Dataset) -> None:
    network = build_network()
    ours, line = score(stack_of(network), digits.test), evaluate(network, digits.test)
    assert ours.loss == line.loss
    assert (ours.correct, ours.strict_correct, ours.samples) == (line.correct, line.strict_correct, line.samples)
    assert ours.confusion.sum(axis=1).tolist() == np.bincount(digits.test.labels, minlength=10).tolist()


def test_the_loss_is_the_stacks_own(outputs: Samples) -> None:
    loss = as_loss(lambda y, p: float(np.abs(y - p).sum()), lambda y, p: np.sign(p - y))
    # 0.1 + 0.1;  0.2 + 0.6 + 0.7;  0.1 + 0.4;  1 + 0.55 + 0.5
    assert score(Stack([Passes()], loss), outputs).loss == pytest.approx((0.2 + 1.5 + 0.5 + 2.05) / 4)


def test_a_network_of_nan_gets_a_score(digits: Dataset) -> None:
    affine = AffineLayer(784, 10)
    affine.weights[...] = np.nan
    found = score(stack_of(Network([affine])), digits.test)
    assert np.isnan(found.loss) and found.confusion.sum() == 200 and found.strict_correct == 0
    assert np.isnan(score_from_json(found.as_json()).loss)
    assert np.isnan(mistakes(stack_of(Network([affine])), digits.test, 1)[0].loss)


def test_a_score_comes_back_from_json(digits: Dataset) -> None:
    found = score(stack_of(build_network()), digits.test, 60_000)
    known = score_from_json(found.as_json())
    assert known.as_json() == found.as_json() and known.count == 60_000
    with pytest.raises(ValueError, match="do not fit"):
        score_from_json(found.as_json() | {"correct": found.correct + 1})


def test_a_copy_of_a_stack_goes_its_own_way() -> None:
    stack = stack_of(build_network())
    copied, before = stack.copy(), stack.snapshot()
    stack.layers[0].weights += 1  # type: ignore[attr-defined]
    np.testing.assert_array_equal(copied.snapshot()[0]["weights"], before[0]["weights"])
    assert copied.names == stack.names and copied.layers[0] is not stack.layers[0]
