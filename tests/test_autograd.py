"""Gradients of every layer, activation and loss against finite differences, JAX and PyTorch."""

import math

import numpy as np
import pytest

from nnstep.architecture import build_network
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


@pytest.mark.parametrize(
    ("layers", "loss"),
    [
        ("6x5,conv 2 3x2,tanh,maxpool 2,flatten,3,softmax", "cross_entropy"),
        ("7x6x2,conv 2 3x3 stride 2 pad 1,elu,avgpool 2x3 stride 1,conv 2 2x1,flatten,3", "softmax_cross_entropy"),
        ("5x5,maxpool 3 stride 1,conv 3 2x2 pad 1,batchnorm,gelu,flatten,3", "mse"),
        ("6,4,batchnorm,leaky_relu,dropout 0.4,3,softmax", "mse"),
    ],
)
def test_gradients_of_whole_networks_agree_with_central_differences(
    layers: str, loss: str, rng: np.random.Generator
) -> None:
    network = build_network(layers, loss, seed=5)
    X, y = rng.normal(size=(3, math.prod(map(int, layers.split(",")[0].split("x"))))), np.eye(3)

    def forward() -> np.ndarray:
        for layer in network.layers:
            if "drawn" in layer.state:
                layer.state["drawn"][...] = 0  # the same mask each time
        return network.forward(X)

    dE_dX = network.backward(network.loss.gradient(y, forward()), 0.0)
    arrays = [layer.gradients[name].copy() for layer in network.layers for name in layer.gradients]
    for value, gradient in zip(values_of(network, X), [dE_dX, *arrays], strict=True):
        for number in rng.permutation(value.size)[:20]:
            index = np.unravel_index(number, value.shape)
            old = value[index]
            value[index] = old + H
            above = network.loss.function(y, forward())
            value[index] = old - H
            below = network.loss.function(y, forward())
            value[index] = old
            assert gradient[index] == pytest.approx((above - below) / (2 * H), rel=1e-6, abs=1e-8)
