"""Gradients of every layer, activation and loss against finite differences, JAX and PyTorch."""

import numpy as np
import pytest

from nnstep.layers import ACTIVATIONS, ActivationLayer, AffineLayer
from nnstep.losses import mse, mse_prime
from nnstep.network import Network

H = 1e-6


def make_network(name: str, rng: np.random.Generator) -> tuple[Network, np.ndarray, np.ndarray]:
    layers = [AffineLayer(5, 4, rng=rng), ActivationLayer(name), AffineLayer(4, 3, rng=rng), ActivationLayer(name)]
    return Network(layers), rng.normal(size=(2, 5)), rng.normal(size=(2, 3))


def gradients_of(network: Network, X: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    output = network.forward(X)
    dE_dX = network.backward(mse_prime(y, output), 0.0)
    arrays = [layer.gradients[name] for layer in network.layers for name in layer.gradients]
    return [dE_dX, *arrays]


def values_of(network: Network, X: np.ndarray) -> list[np.ndarray]:
    return [X, *(array for layer in network.layers for array in layer.parameters.values())]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_agree_with_central_differences(name: str, rng: np.random.Generator) -> None:
    network, X, y = make_network(name, rng)
    for value, gradient in zip(values_of(network, X), gradients_of(network, X, y), strict=True):
        for index in np.ndindex(value.shape):
            old = value[index]
            value[index] = old + H
            above = mse(y, network.forward(X))
            value[index] = old - H
            below = mse(y, network.forward(X))
            value[index] = old
            assert gradient[index] == pytest.approx((above - below) / (2 * H), abs=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_agree_with_jax(name: str, rng: np.random.Generator) -> None:
    jax = pytest.importorskip("jax")
    functions = {
        "tanh": jax.numpy.tanh,
        "relu": jax.nn.relu,
        "sigmoid": jax.nn.sigmoid,
        "identity": lambda x: x,
        "leaky_relu": jax.nn.leaky_relu,
        "elu": jax.nn.elu,
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    }
    network, X, y = make_network(name, rng)

    def error(values: list) -> object:
        x, w1, b1, w2, b2 = values
        f = functions[name]
        return jax.numpy.mean((y - f(f(x @ w1 + b1) @ w2 + b2)) ** 2)

    with jax.enable_x64(True):
        expected = jax.grad(error)([jax.numpy.asarray(value) for value in values_of(network, X)])
        for ours, theirs in zip(gradients_of(network, X, y), expected, strict=True):
            np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_agree_with_pytorch(name: str, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn.functional
    functions = {
        "tanh": torch.tanh,
        "relu": torch.relu,
        "sigmoid": torch.sigmoid,
        "identity": lambda x: x,
        "leaky_relu": nn.leaky_relu,
        "elu": nn.elu,
        "gelu": nn.gelu,
    }
    network, X, y = make_network(name, rng)
    x, w1, b1, w2, b2 = values = [torch.tensor(value, requires_grad=True) for value in values_of(network, X)]
    f = functions[name]
    torch.nn.functional.mse_loss(f(f(x @ w1 + b1) @ w2 + b2), torch.tensor(y)).backward()
    for ours, value in zip(gradients_of(network, X, y), values, strict=True):
        np.testing.assert_allclose(ours, value.grad.numpy(), rtol=1e-12, atol=1e-14)
