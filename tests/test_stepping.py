import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.network import Network
from nnstep.stack import Stack
from nnstep.stepping import Frame, run_steps


def frames_of(network: Network, X: list, y: list, rate: float = 0.1) -> list[Frame]:
    return list(run_steps(Stack(network.layers, network.loss), np.array(X, float), np.array(y, float), rate))


def test_the_reference_network_has_fourteen_steps() -> None:
    frames = frames_of(build_network(), np.zeros((1, 784)), np.eye(10)[:1])
    assert [frame.step.index for frame in frames] == list(range(14))
    assert [frame.step.phase for frame in frames] == ["forward"] * 6 + ["loss"] * 2 + ["backward"] * 6
    assert [frame.step.layer for frame in frames] == [0, 1, 2, 3, 4, 5, None, None, 5, 4, 3, 2, 1, 0]
    assert frames[2].step.name == "affine 3" and frames[-1].count == 14


def test_frames_hold_the_numbers_of_each_step(small_network: Network) -> None:
    frames = frames_of(small_network, [[1, 0]], [[0, 0]])
    # XW + b = [1.5, 1.5]; relu the same; E = 2.25; dE/dŷ = 2·1.5/2; dE/dX = [1.5·1 + 1.5·2, 1.5·3 + 1.5·4]
    assert frames[0].output.tolist() == [[1.5, 1.5]]
    assert float(frames[2].output) == 2.25
    assert frames[3].input_gradient.tolist() == [[1.5, 1.5]]
    last = frames[5]
    assert last.input_gradient.tolist() == [[4.5, 10.5]]
    assert last.gradients["weights"].tolist() == [[1.5, 1.5], [0, 0]]
    assert last.before["weights"].tolist() == [[1, 2], [3, 4]]
    np.testing.assert_allclose(last.after["weights"], [[0.85, 1.85], [3, 4]])
    np.testing.assert_allclose(last.after["bias"], [0.35, -0.65])
    assert not last.derived


def test_frames_cannot_be_changed_and_stay_as_they_were(small_network: Network) -> None:
    frames = frames_of(small_network, [[1, 0]], [[0, 0]])
    frames_of(small_network, [[5, 5]], [[0, 0]])
    assert frames[5].before["weights"].tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="read-only"):
        frames[0].output[0, 0] = 9
    with pytest.raises(AttributeError):
        frames[0].learning_rate = 1.0  # type: ignore[misc]


class HomeworkLayer:
    """As students write it: other names, rebinding, a kept gradient, a momentum that is no parameter."""

    def __init__(self) -> None:
        self.W = np.array([[1.0, 2.0], [3.0, 4.0]])
        self.dW = np.zeros((2, 2))
        self.velocity = np.zeros((2, 2))

    def forward_propagation(self, x):
        self.x = x
        return np.dot(x, self.W)

    def backward_propagation(self, grad, lr):
        back = np.dot(grad, self.W.T)
        self.dW = np.dot(self.x.T, grad)
        self.velocity = 0.5 * self.velocity + self.dW
        self.W = self.W - lr * self.dW
        return back


def test_a_students_layer_steps_and_its_gradient_is_derived() -> None:
    network = Network([HomeworkLayer()])  # type: ignore[list-item]
    frames = frames_of(network, [[1, 0]], [[0, 0]])
    # ŷ = [1, 2]; dE/dŷ = [1, 2]; dE/dW = xᵀ dE/dŷ
    assert set(frames[-1].after) == {"W"}
    np.testing.assert_allclose(frames[-1].gradients["W"], [[1, 2], [0, 0]])
    assert frames[-1].derived and frames[-1].step.name == "HomeworkLayer 1"


def test_without_a_learning_rate_nothing_is_derived_and_nothing_changes() -> None:
    frames = frames_of(Network([HomeworkLayer()]), [[1, 0]], [[0, 0]], 0.0)  # type: ignore[list-item]
    assert not frames[-1].gradients
    assert frames[-1].after["W"].tolist() == [[1, 2], [3, 4]]


def test_a_snapshot_comes_back_even_where_layers_rebind_their_arrays() -> None:
    stack = Stack([HomeworkLayer()], Network().loss)
    stack.learn_parameters(np.ones((1, 2)))
    before = stack.snapshot()
    list(run_steps(stack, np.ones((1, 2)), np.zeros((1, 2)), 0.1))
    assert stack.parameters_of(0)["W"].tolist() != [[1, 2], [3, 4]]
    stack.restore(before)
    assert stack.parameters_of(0)["W"].tolist() == [[1, 2], [3, 4]]
