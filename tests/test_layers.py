import numpy as np
import pytest

from nnstep.errors import NnstepError
from nnstep.layers import ACTIVATIONS, ActivationLayer, AffineLayer, initial_weights
from nnstep.losses import as_loss, mse, mse_prime


def make_affine() -> AffineLayer:
    layer = AffineLayer(2, 2)
    layer.weights[...] = [[1, 2], [3, 4]]
    layer.bias[...] = [0.5, -0.5]
    return layer


def test_affine_forward_is_x_w_plus_b() -> None:
    # [1, −1] W = [1 − 3, 2 − 4] = [−2, −2]; + b = [−1.5, −2.5]
    assert make_affine().forward_propagation(np.array([[1.0, -1.0]])).tolist() == [[-1.5, -2.5]]


def test_affine_backward_uses_the_weights_before_the_update() -> None:
    layer = make_affine()
    layer.forward_propagation(np.array([[1.0, -1.0]]))
    dE_dX = layer.backward_propagation(np.array([[1.0, 10.0]]), 0.1)
    # dE/dY Wᵀ = [1·1 + 10·2, 1·3 + 10·4]; dE/dW = xᵀ dE/dY; W − 0.1 dE/dW
    assert dE_dX.tolist() == [[21, 43]]
    assert layer.gradients["weights"].tolist() == [[1, 10], [-1, -10]]
    assert layer.gradients["bias"].tolist() == [1, 10]
    np.testing.assert_allclose(layer.weights, [[0.9, 1], [3.1, 5]])
    np.testing.assert_allclose(layer.bias, [0.4, -1.5])


def test_bias_gradient_is_summed_over_the_batch() -> None:
    layer = make_affine()
    layer.forward_propagation(np.ones((3, 2)))
    layer.backward_propagation(np.array([[1.0, 2], [3, 4], [5, 6]]), 0.0)
    assert layer.gradients["bias"].tolist() == [9, 12]


def test_a_wrong_input_names_the_layer_and_both_shapes() -> None:
    with pytest.raises(NnstepError, match=r"affine 2 → 2 expected X of shape \(batch, 2\), received \(1, 3\)"):
        make_affine().forward_propagation(np.zeros((1, 3)))


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_activations_are_safe_for_any_finite_input(name: str, dtype: type) -> None:
    x = np.array([[-1e30, -1e4, -1, 0, 1, 1e4, 1e30]], dtype)
    activation = ACTIVATIONS[name]
    with np.errstate(all="raise", under="ignore"):
        y, slope = activation.function(x), activation.derivative(x)
    assert np.all(np.isfinite(y)) and np.all(np.isfinite(slope))
    assert y.dtype == dtype and slope.dtype == dtype


def test_activation_values_worked_out_by_hand() -> None:
    x = np.array([-np.log(3), 0, np.log(3)])
    # sigmoid(ln 3) = 1/(1 + 1/3) = 3/4; its slope 3/4 · 1/4; tanh(ln 3) = (9 − 1)/(9 + 1)
    np.testing.assert_allclose(ACTIVATIONS["sigmoid"].function(x), [0.25, 0.5, 0.75])
    np.testing.assert_allclose(ACTIVATIONS["sigmoid"].derivative(x), [3 / 16, 1 / 4, 3 / 16])
    np.testing.assert_allclose(ACTIVATIONS["tanh"].function(x), [-0.8, 0, 0.8])
    np.testing.assert_allclose(ACTIVATIONS["tanh"].derivative(x), [0.36, 1, 0.36])
    assert ACTIVATIONS["relu"].derivative(x).tolist() == [0, 0, 1]


def test_an_activation_of_ones_own_is_a_pair_of_functions() -> None:
    layer = ActivationLayer(lambda x: x**3, lambda x: 3 * x**2)
    assert layer.forward_propagation(np.array([[2.0]])).item() == 8
    assert layer.backward_propagation(np.array([[0.5]]), 0.1).item() == 6


def test_what_is_unknown_or_missing_is_named() -> None:
    with pytest.raises(NnstepError, match="unknown activation 'swish'.*tanh"):
        ActivationLayer("swish")
    with pytest.raises(NnstepError, match="derivative"):
        ActivationLayer(np.sin)
    with pytest.raises(NnstepError, match="unknown loss 'mae'"):
        as_loss("mae")
    with pytest.raises(NnstepError, match="gradient"):
        as_loss(mse)
    with pytest.raises(NnstepError, match="unknown init"):
        initial_weights("zeros", 2, 2, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("init", "low", "high"),
    # 100 inputs, 50 outputs: √(1/100), √(6/150), √(6/100)
    [("lecun", -0.1, 0.1), ("xavier", -0.2, 0.2), ("he", -0.24494897, 0.24494897), ("uniform01", 0, 1)],
)
def test_initial_weights_fill_their_range(init: str, low: float, high: float) -> None:
    weights = initial_weights(init, 100, 50, np.random.default_rng(0))
    assert low <= weights.min() < low + 0.01 * (high - low)
    assert high - 0.01 * (high - low) < weights.max() <= high


def test_mean_squared_error_and_its_gradient() -> None:
    y, prediction = np.array([[1.0, 0.0]]), np.array([[0.5, 2.0]])
    # (0.25 + 4) / 2; −2 (y − ŷ) / 2
    assert mse(y, prediction) == 2.125
    assert mse_prime(y, prediction).tolist() == [[-0.5, 2.0]]


@pytest.mark.parametrize(("inputs", "outputs"), [(0, 10), (784, -1), (784.0, 10), ("784", 10)])
def test_sizes_of_an_affine_layer_are_whole_numbers_from_one(inputs, outputs) -> None:
    with pytest.raises(NnstepError, match="whole numbers from 1"):
        AffineLayer(inputs, outputs)


def test_softmax_among_the_activations_is_told_where_it_is() -> None:
    with pytest.raises(NnstepError, match=r"SoftmaxLayer\(\)"):
        ActivationLayer("softmax")
