"""What several tests use: a network small enough to work out by hand, and some real digits."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
import pytest
from hypothesis import settings

from nnstep.data import load_data
from nnstep.layers import ActivationLayer, AffineLayer
from nnstep.network import Network
from nnstep.samples import Dataset

# The same examples in every run, so that a change answers for its own faults only; to look for new ones:
# pytest --hypothesis-profile=search
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test first, so that the others run beside it."""
    items.sort(key=lambda item: "test_random_keys" not in item.nodeid)


@pytest.fixture
def small_network() -> Network:
    """Two inputs, two outputs: W = [[1, 2], [3, 4]], b = [0.5, −0.5], then relu."""
    affine = AffineLayer(2, 2)
    affine.weights[...] = [[1, 2], [3, 4]]
    affine.bias[...] = [0.5, -0.5]
    return Network([affine, ActivationLayer("relu")])


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return load_data("samples", 300, 200)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
