"""Convolution, pooling, flatten, dropout and batch normalisation against hand-worked numbers and PyTorch."""

import numpy as np
import pytest

from nnstep.batchnorm import BatchNormLayer
from nnstep.convolution import ConvLayer
from nnstep.dropout import DropoutLayer
from nnstep.errors import NnstepError
from nnstep.layers import Layer, evaluating
from nnstep.pooling import AveragePoolLayer, FlattenLayer, MaxPoolLayer


def first_axes(array: np.ndarray) -> np.ndarray:
    """Channels first, as PyTorch has them."""
    return np.moveaxis(array, -1, 1)


def test_a_convolution_worked_out_by_hand() -> None:
    layer = ConvLayer((3, 3, 1), 1, (2, 2))
    layer.weights[...] = np.array([[1, 2], [3, 4]]).reshape(2, 2, 1, 1)
    layer.bias[...] = 0.5
    X = np.arange(9.0).reshape(1, 3, 3, 1)
    # 0·1 + 1·2 + 3·3 + 4·4 + 0.5 = 27.5, and 10 more for each pixel to the right, 30 for each row down
    Y = layer.forward_propagation(X)
    assert Y[0, :, :, 0].tolist() == [[27.5, 37.5], [57.5, 67.5]]
    dE_dX = layer.backward_propagation(np.array([[1.0, 0], [0, 10]]).reshape(1, 2, 2, 1), 0.1)
    # window (0,0) gives the weights, window (1,1) ten times the weights
    assert dE_dX[0, :, :, 0].tolist() == [[1, 2, 0], [3, 14, 20], [0, 30, 40]]
    # patch (0,0) = [[0, 1], [3, 4]] plus ten times patch (1,1) = [[4, 5], [7, 8]]
    assert layer.gradients["weights"][:, :, 0, 0].tolist() == [[40, 51], [73, 84]]
    assert layer.gradients["bias"].tolist() == [11]
    np.testing.assert_allclose(layer.weights[:, :, 0, 0], [[1 - 4, 2 - 5.1], [3 - 7.3, 4 - 8.4]])


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [((3, 3), 1, 0), ((3, 2), 2, 1), ((5, 5), 1, 2), ((1, 1), 3, 0)]
)
def test_a_convolution_agrees_with_pytorch(
    kernel: tuple[int, int], stride: int, padding: int, rng: np.random.Generator
) -> None:
    torch = pytest.importorskip("torch")
    layer = ConvLayer((8, 7, 3), 4, kernel, stride, padding, rng=rng)
    layer.bias[...] = rng.normal(size=4)
    X = rng.normal(size=(2, 8, 7, 3))
    x, b = torch.tensor(first_axes(X), requires_grad=True), torch.tensor(layer.bias, requires_grad=True)
    w = torch.tensor(layer.weights.transpose(3, 2, 0, 1).copy(), requires_grad=True)
    expected = torch.nn.functional.conv2d(x, w, b, stride, padding)
    Y = layer.forward_propagation(X)
    np.testing.assert_allclose(first_axes(Y), expected.detach().numpy(), atol=1e-12)
    dE_dY = rng.normal(size=Y.shape)
    expected.backward(torch.tensor(first_axes(dE_dY).copy()))
    dE_dX = layer.backward_propagation(dE_dY, 0.0)
    np.testing.assert_allclose(first_axes(dE_dX), x.grad.numpy(), atol=1e-12)
    np.testing.assert_allclose(layer.gradients["weights"].transpose(3, 2, 0, 1), w.grad.numpy(), atol=1e-12)
    np.testing.assert_allclose(layer.gradients["bias"], b.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize(("window", "stride"), [((2, 2), 2), ((3, 3), 2), ((3, 2), 1), ((2, 2), 3)])
@pytest.mark.parametrize("kind", [MaxPoolLayer, AveragePoolLayer])
def test_pooling_agrees_with_pytorch(
    kind: type, window: tuple[int, int], stride: int, rng: np.random.Generator
) -> None:
    torch = pytest.importorskip("torch")
    layer, X = kind((7, 8, 3), window, stride), np.round(rng.normal(size=(2, 7, 8, 3)))  # rounded: many are equal
    x = torch.tensor(first_axes(X), requires_grad=True)
    pool = torch.nn.functional.max_pool2d if kind is MaxPoolLayer else torch.nn.functional.avg_pool2d
    expected = pool(x, window, stride)
    Y = layer.forward_propagation(X)
    np.testing.assert_allclose(first_axes(Y), expected.detach().numpy(), atol=1e-14)
    dE_dY = rng.normal(size=Y.shape)
    expected.backward(torch.tensor(first_axes(dE_dY).copy()))
    np.testing.assert_allclose(first_axes(layer.backward_propagation(dE_dY, 0.1)), x.grad.numpy(), atol=1e-14)


def test_pooling_worked_out_by_hand() -> None:
    X = np.array([[1.0, 2, 5], [4, 3, 6], [7, 8, 9]]).reshape(1, 3, 3, 1)
    largest, mean = MaxPoolLayer((3, 3, 1)), AveragePoolLayer((3, 3, 1))
    assert largest.forward_propagation(X).ravel().tolist() == [4]
    assert mean.forward_propagation(X).ravel().tolist() == [2.5]
    one = np.array([8.0]).reshape(1, 1, 1, 1)
    assert largest.backward_propagation(one, 0.1)[0, :, :, 0].tolist() == [[0, 0, 0], [8, 0, 0], [0, 0, 0]]
    assert mean.backward_propagation(one, 0.1)[0, :, :, 0].tolist() == [[2, 2, 0], [2, 2, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    "layer", [ConvLayer((4, 4, 1), 2), MaxPoolLayer((4, 4, 1)), AveragePoolLayer((4, 4, 1))], ids=repr
)
def test_pictures_may_come_as_rows(layer: Layer, rng: np.random.Generator) -> None:
    X = rng.normal(size=(3, 16))
    Y = layer.forward_propagation(X)
    back = layer.backward_propagation(np.ones_like(Y), 0.0)
    np.testing.assert_array_equal(layer.forward_propagation(X.reshape(3, 4, 4, 1)), Y)
    assert back.shape == (3, 16)
    np.testing.assert_array_equal(layer.backward_propagation(np.ones_like(Y), 0.0).reshape(3, 16), back)
    with pytest.raises(NnstepError, match=r"expected X of shape \(batch, 4, 4, 1\), received \(3, 15\)"):
        layer.forward_propagation(X[:, :15])


def test_flatten_keeps_the_order_and_gives_the_shape_back() -> None:
    layer, X = FlattenLayer(), np.arange(12.0).reshape(1, 2, 3, 2)
    assert layer.forward_propagation(X).tolist() == [list(range(12))]
    assert np.array_equal(layer.backward_propagation(X.reshape(1, 12), 0.1), X)


def test_a_window_larger_than_the_picture_is_refused() -> None:
    with pytest.raises(NnstepError, match="conv: a window of 5 × 5 is larger than the picture of 4 × 4"):
        ConvLayer((4, 4, 1), 2, (5, 5))
    with pytest.raises(NnstepError, match="maxpool: a window of 2 × 2 is larger than the picture of 1 × 4"):
        MaxPoolLayer((1, 4, 1))


def test_dropout_leaves_out_its_share_and_keeps_the_mean() -> None:
    layer, X = DropoutLayer(0.25, 5), np.ones((4, 10_000))
    Y = layer.forward_propagation(X)
    assert set(np.unique(Y)) == {0, 1 / 0.75}
    # 40,000 draws: the standard deviation of the share is √(0.25·0.75/40000) = 0.0022
    assert np.mean(Y == 0) == pytest.approx(0.25, abs=0.01)
    np.testing.assert_array_equal(layer.backward_propagation(X, 0.1), Y)
    again = layer.forward_propagation(X)
    assert not np.array_equal(again, Y)
    layer.state["drawn"][...] = 0
    np.testing.assert_array_equal(layer.forward_propagation(X), Y)
    assert np.array_equal(layer.details["evaluation"], X)


def test_dropout_passes_all_in_evaluation_and_draws_nothing() -> None:
    layer, X = DropoutLayer(0.5), np.arange(6.0).reshape(1, 6)
    with evaluating([layer]):
        assert np.array_equal(layer.forward_propagation(X), X)
        assert np.array_equal(layer.backward_propagation(X, 0.1), X)
    assert layer.training and layer.state["drawn"] == 0
    with pytest.raises(NnstepError, match="rate from 0 to below 1, received 1"):
        DropoutLayer(1.0)


@pytest.mark.parametrize("shape", [(6, 4), (2, 5, 3, 4)])
def test_batch_normalisation_agrees_with_pytorch_in_training_and_evaluation(
    shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    torch = pytest.importorskip("torch")
    layer = BatchNormLayer(4)
    layer.gamma[...], layer.beta[...] = rng.normal(size=(2, 4))
    kind = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    theirs = kind(4, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight.copy_(torch.tensor(layer.gamma))
        theirs.bias.copy_(torch.tensor(layer.beta))
    for training in (True, True, False):
        theirs.train(training)
        X, dE_dY = rng.normal(size=shape) * 3 + 1, rng.normal(size=shape)
        x = torch.tensor(first_axes(X), requires_grad=True)
        theirs.zero_grad()
        expected = theirs(x)
        expected.backward(torch.tensor(first_axes(dE_dY).copy()))
        with evaluating([] if training else [layer]):
            Y = layer.forward_propagation(X)
            dE_dX = layer.backward_propagation(dE_dY, 0.0)
        np.testing.assert_allclose(first_axes(Y), expected.detach().numpy(), atol=1e-12)
        np.testing.assert_allclose(first_axes(dE_dX), x.grad.numpy(), atol=1e-12)
        np.testing.assert_allclose(layer.gradients["gamma"], theirs.weight.grad.numpy(), atol=1e-12)
        np.testing.assert_allclose(layer.gradients["beta"], theirs.bias.grad.numpy(), atol=1e-12)
        np.testing.assert_allclose(layer.state["running_mean"], theirs.running_mean.numpy(), atol=1e-12)
        np.testing.assert_allclose(layer.state["running_variance"], theirs.running_var.numpy(), atol=1e-12)


def test_batch_normalisation_worked_out_by_hand() -> None:
    layer = BatchNormLayer(1)
    layer.gamma[...], layer.beta[...] = 2, 10
    # mean 4, variance 4 (of two numbers 8): x̂ = ±1, a little less for the 1e−5
    Y = layer.forward_propagation(np.array([[2.0], [6.0]]))
    np.testing.assert_allclose(Y, [[8], [12]], atol=1e-5)
    # 0.9·0 + 0.1·4, and 0.9·1 + 0.1·8
    np.testing.assert_allclose([*layer.running_mean, *layer.running_variance], [0.4, 1.7])
    np.testing.assert_allclose(
        layer.details["evaluation"], 10 + 2 * (np.array([[2], [6]]) - 0.4) / np.sqrt(1.7), atol=1e-4
    )
    assert np.array_equal(BatchNormLayer(3).forward_propagation(np.full((1, 3), 7.0)), np.zeros((1, 3)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_number_format_stays(dtype: type) -> None:
    X = np.ones((2, 4, 4, 2), dtype)
    layers = [
        ConvLayer((4, 4, 2), 3, dtype=dtype),
        MaxPoolLayer((4, 4, 2)),
        AveragePoolLayer((4, 4, 2)),
        FlattenLayer(),
    ]
    for layer in [*layers, DropoutLayer(0.5), BatchNormLayer(2, dtype)]:
        Y = layer.forward_propagation(X)
        assert Y.dtype == dtype and layer.backward_propagation(Y, 0.1).dtype == dtype
        assert all(array.dtype == dtype for array in [*layer.parameters.values(), *layer.gradients.values()])
