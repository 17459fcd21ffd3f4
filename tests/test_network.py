import numpy as np
import pytest

from nnstep.architecture import build_network, describe_layers
from nnstep.errors import NnstepError
from nnstep.layers import ActivationLayer, AffineLayer
from nnstep.network import Network, epoch_order, loss_text, one_hot


def test_fit_prints_the_training_lines(capsys: pytest.CaptureFixture[str]) -> None:
    network = Network([AffineLayer(1, 1)])
    network.layers[0].parameters["weights"][...] = 0
    # ŷ = 0, y = 1: E = 1, dE/dŷ = −2, W = b = 0.5 · 2 = 1; then ŷ = 2: E = 1 again, and back to 0
    errors = network.fit(np.ones((1, 1)), np.ones((1, 1)), epochs=2, learning_rate=0.5)
    assert errors == [1, 1]
    assert capsys.readouterr().out == ("Training epoch 1/2   error=1.000000\nTraining epoch 2/2   error=1.000000\n")


def test_a_loss_that_has_grown_huge_is_printed_with_an_exponent() -> None:
    known = {0.0223177: "0.022318", 25367.5: "25367.500000", 5.8125e291: "5.812500e+291", np.nan: "nan", np.inf: "inf"}
    assert {loss: loss_text(loss) for loss in known} == known
    assert loss_text(1.5e8, 4) == "1.5000e+08"


def test_predict_prints_the_test_line_with_both_accuracies(capsys: pytest.CaptureFixture[str]) -> None:
    network = Network([ActivationLayer("identity")])
    outputs = np.array([[0.9, 0.2], [0.4, 0.3], [0.1, 0.2]])
    targets = np.array([[1.0, 0], [1, 0], [1, 0]])
    # right by argmax: 0 and 1; by rounding: only 0. Squares: (0.01+0.04 + 0.36+0.09 + 0.81+0.04) / 6 = 0.225
    network.predict(outputs, targets)
    assert capsys.readouterr().out == ("Test set: Avg. loss: 0.2250, Accuracy: 2/3 (66.7%), strict: 1/3 (33.3%)\n")


def test_add_and_use_loss_build_a_network_of_ones_own() -> None:
    network = Network()
    network.add(AffineLayer(4, 2)).add(ActivationLayer("tanh"))
    network.use_loss(lambda y, p: float(np.sum(np.abs(y - p))), lambda y, p: np.sign(p - y))
    assert len(network.fit(np.ones((3, 2, 2)), np.zeros((3, 2)), 1, 0.1, report=lambda line: None)) == 1
    assert "weights (4, 2)" in network.summary() and "10" in network.summary()


def test_the_last_smaller_batch_counts_by_its_samples() -> None:
    network = Network([AffineLayer(1, 1)])
    network.layers[0].parameters["weights"][...] = 0
    # η = 0, ŷ = 0: losses 1, 4, 9; batches of 2 then 1; mean 14/3
    errors = network.fit(np.ones((3, 1)), np.array([[1.0], [2], [3]]), 1, 0.0, 2, report=lambda line: None)
    assert errors == [pytest.approx(14 / 3)]


def test_targets_that_do_not_fit_are_refused() -> None:
    with pytest.raises(NnstepError, match="one_hot"):
        Network([AffineLayer(1, 1)]).fit(np.ones((3, 1)), np.ones(3), 1, 0.1)


@pytest.mark.parametrize("columns", [1, 9])
def test_targets_are_never_stretched_over_the_outputs(columns: int) -> None:
    network = Network([AffineLayer(4, 10)])
    for call in (lambda y: network.fit(np.ones((3, 4)), y, 1, 0.1), lambda y: network.predict(np.ones((3, 4)), y)):
        with pytest.raises(NnstepError, match="of the outputs' shape"):
            call(np.zeros((3, columns)))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"epochs": 0}, "epochs expected to be 1 or more, received 0"),
        ({"batch_size": -1}, "batch size expected to be 1 or more, received -1"),
        ({"learning_rate": np.nan}, "learning rate"),
        ({"optimizer": "adm"}, "unknown optimizer"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused_before_anything_is_learned(changes: dict, says: str) -> None:
    network = Network([AffineLayer(2, 1)])
    before = network.layers[0].parameters["weights"].copy()
    with pytest.raises(NnstepError, match=says):
        network.fit(np.ones((3, 2)), np.ones((3, 1)), **({"epochs": 1, "learning_rate": 0.1} | changes))
    np.testing.assert_array_equal(network.layers[0].parameters["weights"], before)


def test_plain_lists_do_as_inputs_and_targets() -> None:
    network = Network([AffineLayer(2, 1)])
    assert len(network.fit([[0, 0], [0, 1]], [[0], [1]], 1, 0.1, report=lambda line: None)) == 1
    assert network.predict([[1, 1]], [[0]], report=lambda line: None).shape == (1, 1)


def test_what_is_no_layer_cannot_be_added() -> None:
    for wrong in ("tanh", AffineLayer, np.tanh):
        with pytest.raises(NnstepError, match="expected a layer"):
            Network().add(wrong)


def test_a_layer_of_two_methods_has_its_line_in_the_summary() -> None:
    class Doubled:
        def forward_propagation(self, X):
            return 2 * X

        def backward_propagation(self, dE_dY, learning_rate):
            return 2 * dE_dY

    assert "2  Doubled" in Network([AffineLayer(4, 2)]).add(Doubled()).summary()


@pytest.mark.parametrize(
    ("labels", "says"),
    [([0, 10], "from 0 to 9, received 10"), ([-1], "received -1"), ([1.0], "float64"), ([[1], [2]], r"\(2, 1\)")],
)
def test_labels_that_cannot_be_one_hot_are_refused(labels: list, says: str) -> None:
    with pytest.raises(NnstepError, match=says):
        one_hot(np.array(labels))


def test_shuffled_epochs_differ_and_come_back_with_the_seed() -> None:
    assert epoch_order(50, 1, True, 3).tolist() == epoch_order(50, 1, True, 3).tolist()
    assert epoch_order(50, 1, True, 3).tolist() != epoch_order(50, 2, True, 3).tolist()
    assert sorted(epoch_order(50, 1, True, 3)) == list(range(50))
    assert one_hot(np.array([2]), 3).tolist() == [[0, 0, 1]]


def test_a_description_builds_its_network_and_comes_back() -> None:
    network = build_network("784,128,tanh,64,relu,10,sigmoid", dtype=np.float32)
    assert describe_layers(network) == "784,128,tanh,64,relu,10,sigmoid"
    assert network.layers[2].parameters["weights"].shape == (128, 64)
    assert network.layers[0].parameters["weights"].dtype == np.float32
    again = build_network("784,128,tanh,64,relu,10,sigmoid", dtype=np.float32)
    assert np.array_equal(network.layers[4].parameters["weights"], again.layers[4].parameters["weights"])


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        ("784", "no affine layer"),
        ("tanh,10", "begin with the number of inputs"),
        ("784,0", "sizes from 1"),
        ("784,-3", "sizes from 1"),
        ("784,1.5,10", "expected a size or an activation"),
        ("784,,10", "expected a size or an activation"),
        ("784,10,tanhh", "unknown activation"),
        ("784,9999999999", "sizes from 1"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused(layers: str, says: str) -> None:
    with pytest.raises(NnstepError, match=says):
        build_network(layers)
