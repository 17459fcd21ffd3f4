"""Softmax and the cross-entropies against numbers worked out by hand, JAX and PyTorch, for any logits."""

import numpy as np
import pytest

from nnstep.layers import ActivationLayer, AffineLayer, SoftmaxLayer
from nnstep.losses import (
    LOSSES,
    cross_entropy,
    cross_entropy_prime,
    softmax_cross_entropy,
    softmax_cross_entropy_prime,
)
from nnstep.network import Network

Y = np.array([[0.0, 1, 0], [0, 0, 1]])


def test_softmax_and_cross_entropy_worked_out_by_hand() -> None:
    logits = np.log([[1.0, 2, 5], [4, 3, 1]])
    shares = SoftmaxLayer().forward_propagation(logits)
    np.testing.assert_allclose(shares, [[1 / 8, 2 / 8, 5 / 8], [4 / 8, 3 / 8, 1 / 8]])
    # −(log 1/4 + log 1/8) / 2 = (2 + 3) log 2 / 2
    assert cross_entropy(Y, shares) == pytest.approx(2.5 * np.log(2))
    assert softmax_cross_entropy(Y, logits) == pytest.approx(2.5 * np.log(2))
    np.testing.assert_allclose(cross_entropy_prime(Y, shares), [[0, -2, 0], [0, 0, -4]])
    expected = [[1 / 16, -3 / 8, 5 / 16], [1 / 4, 3 / 16, -7 / 16]]
    np.testing.assert_allclose(softmax_cross_entropy_prime(Y, logits), expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [1.0, 50.0, 1e4, 1e30])
def test_the_gradient_is_right_and_finite_for_any_logits(size: float, dtype: type) -> None:
    logits = (np.array([[1, -1, 0.5], [0.25, 0.5, -1]]) * size).astype(dtype)
    y, layer = Y.astype(dtype), SoftmaxLayer()
    with np.errstate(all="raise", under="ignore"):
        shares = layer.forward_propagation(logits)
        loss, fused = cross_entropy(y, shares), softmax_cross_entropy(y, logits)
        through = layer.backward_propagation(cross_entropy_prime(y, shares), 0.1)
        at_once = softmax_cross_entropy_prime(y, logits)
    assert np.isfinite(loss) and np.isfinite(fused) and through.dtype == dtype and at_once.dtype == dtype
    np.testing.assert_allclose(through, at_once, atol=4 * np.finfo(dtype).eps)
    if size > 1:
        np.testing.assert_allclose(at_once, [[0.5, -0.5, 0], [0, 0.5, -0.5]], atol=1e-3)


@pytest.mark.parametrize("loss", ["cross_entropy", "softmax_cross_entropy"])
def test_softmax_and_cross_entropy_agree_with_pytorch(loss: str, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    affine, X = AffineLayer(5, 3, rng=rng), rng.normal(size=(2, 5)) * 3
    network = Network([affine], LOSSES[loss])
    if loss == "cross_entropy":
        network.add(SoftmaxLayer())
    x, w, b = (torch.tensor(array, requires_grad=True) for array in (X, affine.weights, affine.bias))
    error = torch.nn.functional.cross_entropy(x @ w + b, torch.tensor(Y))
    error.backward()
    output = network.forward(X)
    assert network.loss.function(Y, output) == pytest.approx(error.item(), rel=1e-13)
    dE_dX = network.backward(network.loss.gradient(Y, output), 0.0)
    for ours, theirs in zip([dE_dX, *affine.gradients.values()], (x, w, b), strict=True):
        np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=1e-11, atol=1e-14)


def test_softmax_passes_any_gradient_back_as_jax_does(rng: np.random.Generator) -> None:
    jax = pytest.importorskip("jax")
    X, dE_dY, layer = rng.normal(size=(4, 6)), rng.normal(size=(4, 6)), SoftmaxLayer()
    with jax.enable_x64(True):
        value, back = jax.vjp(jax.nn.softmax, jax.numpy.asarray(X))
        np.testing.assert_allclose(layer.forward_propagation(X), np.asarray(value), rtol=1e-13)
        expected = np.asarray(back(jax.numpy.asarray(dE_dY))[0])
    np.testing.assert_allclose(layer.backward_propagation(dE_dY, 0.1), expected, rtol=1e-11, atol=1e-15)


def test_a_network_learns_to_tell_classes_apart_with_cross_entropy(rng: np.random.Generator) -> None:
    labels = rng.integers(0, 3, 90)
    X = rng.normal(size=(90, 2)) * 0.3 + np.array([[0, 2], [2, 0], [-2, -2]])[labels]
    network = Network([AffineLayer(2, 8), ActivationLayer("gelu"), AffineLayer(8, 3), SoftmaxLayer()])
    network.use_loss("cross_entropy")
    errors = network.fit(X, np.eye(3)[labels], 5, 0.1, report=lambda line: None)
    assert errors[0] > 3 * errors[-1] and (network.forward(X).argmax(axis=1) == labels).all()
