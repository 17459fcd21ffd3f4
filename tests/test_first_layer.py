import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.first_layer import first_layer
from nnstep.stack import Stack


@pytest.mark.parametrize("layers", ["784,5,tanh,10", "28x28,flatten,5,tanh,10"])
def test_units_that_read_pixels_have_a_picture_each(layers: str) -> None:
    network = build_network(layers)
    found = first_layer(Stack(network.layers, network.loss), (28, 28))
    assert found and (found.shape, found.kind) == ((28, 28), "unit")
    weights = next(layer for layer in network.layers if layer.parameters).parameters["weights"]
    np.testing.assert_array_equal(found.pictures, weights.T)


def test_a_convolution_has_a_picture_for_each_filter() -> None:
    network = build_network("28x28,conv 4 3x3,relu,flatten,10")
    found = first_layer(Stack(network.layers, network.loss), (28, 28))
    assert found and (found.shape, found.kind, found.pictures.shape) == ((3, 3), "filter", (4, 9))
    np.testing.assert_array_equal(found.pictures[2].reshape(3, 3), network.layers[0].parameters["weights"][:, :, 0, 2])


def test_weights_behind_a_pool_do_not_stand_for_pixels() -> None:
    network = build_network("28x28,maxpool 2,flatten,10")
    assert first_layer(Stack(network.layers, network.loss), (28, 28)) is None
