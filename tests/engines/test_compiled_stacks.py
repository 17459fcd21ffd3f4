"""The engines on every kind of layer, loss and optimizer: they agree with the layers, however a run is cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstep.architecture import build_network
from nnstep.data import load_data
from nnstep.engines.base import Engine, choose_engine
from nnstep.engines.numba_engine import NumbaEngine
from nnstep.engines.numpy_engine import LayerByLayer, NumpyEngine
from nnstep.errors import NnstepError
from nnstep.layers import ActivationLayer, AffineLayer
from nnstep.losses import LOSSES
from nnstep.optimizers import OPTIMIZERS
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.stack import Stack

pytest.importorskip("numba")

BOTH = pytest.mark.parametrize("engine", [NumpyEngine(), NumbaEngine()], ids=lambda engine: engine.name)
NETWORKS = [
    ("784,12,leaky_relu,9,elu,8,gelu,10", "mse"),
    ("784,12,gelu,10,softmax", "cross_entropy"),
    ("784,9,elu,10", "softmax_cross_entropy"),
    ("784,12,batchnorm,relu,dropout 0.3,10,softmax", "cross_entropy"),
    ("28x28,conv 3 3x3,relu,maxpool 2,conv 4 3x2 stride 2 pad 1,tanh,avgpool 2,flatten,10", "softmax_cross_entropy"),
    ("28x28,maxpool 3 stride 2,conv 2 5x5 pad same,batchnorm,sigmoid,avgpool 3x2 stride 2,flatten,10", "mse"),
    ("28x28,dropout 0.2,conv 2 4x4 stride 3,identity,flatten,10,softmax", "cross_entropy"),
]
ALL = pytest.mark.parametrize(("layers", "loss"), NETWORKS)


def stack_of(layers: str, loss: str, optimizer: str = "sgd", dtype: type = np.float64, **more: float) -> Stack:
    network = build_network(layers, loss, seed=3, dtype=dtype)
    stack = Stack(network.layers, network.loss)
    stack.use_rule(Settings(optimizer=optimizer, **more).rule)
    return stack


def assert_near(ours: Stack, theirs: Stack, **tolerance: float) -> None:
    for mine, other in zip(ours.snapshot(), theirs.snapshot(), strict=True):
        for name, array in other.items():
            np.testing.assert_allclose(mine[name], array, err_msg=name, **tolerance)


@BOTH
@ALL
@pytest.mark.parametrize("batch", [1, 7])
def test_engines_agree_with_the_layers(engine: Engine, layers: str, loss: str, batch: int, digits: Dataset) -> None:
    if "batchnorm" in layers and batch == 1 and not layers.startswith("28x28"):
        pytest.skip("one row has nothing to normalise")
    fast, plain = stack_of(layers, loss), stack_of(layers, loss)
    rows = np.arange(60)
    ours = engine.run(fast, digits.train, rows, 0.05, batch)
    theirs = LayerByLayer().run(plain, digits.train, rows, 0.05, batch)
    np.testing.assert_allclose(ours.losses, theirs.losses, atol=1e-9)
    np.testing.assert_array_equal(ours.predictions, theirs.predictions)
    assert_near(fast, plain, atol=1e-9)


@BOTH
@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.02, "clip_norm": 0.1}], ids=["bare", "decay and clip"])
@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_engines_agree_with_the_optimizers(
    engine: Engine, optimizer: str, batch: int, options: dict[str, float], digits: Dataset
) -> None:
    fast, plain = (stack_of("28x28,conv 2 5x5 stride 3,tanh,flatten,10", "mse", optimizer, **options) for _ in "ab")
    rows = np.arange(40)
    ours = engine.run(fast, digits.train, rows, 0.003, batch)
    theirs = LayerByLayer().run(plain, digits.train, rows, 0.003, batch)
    np.testing.assert_allclose(ours.losses, theirs.losses, atol=1e-9)
    assert_near(fast, plain, atol=1e-9)


@BOTH
@settings(max_examples=6, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 14), max_size=4),
    batch=st.sampled_from([1, 4]),
    network=st.sampled_from(NETWORKS[2:6]),
    optimizer=st.sampled_from(["sgd", "adam", "nesterov"]),
)
def test_the_same_bits_come_out_however_the_work_is_cut(
    engine: Engine, cuts: list[int], batch: int, network: tuple[str, str], optimizer: str
) -> None:
    samples, rows = load_data("samples", 60).train, np.arange(60)
    whole, cut = stack_of(*network, optimizer), stack_of(*network, optimizer)
    expected = engine.run(whole, samples, rows, 0.01, batch).losses
    edges = sorted({0, 60, *(batch * c for c in cuts)})
    parts = [engine.run(cut, samples, rows[a:b], 0.01, batch).losses for a, b in zip(edges, edges[1:], strict=False)]
    np.testing.assert_array_equal(np.concatenate(parts), expected)
    for ours, theirs in zip(cut.snapshot(), whole.snapshot(), strict=True):
        assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


@ALL
def test_float32_stays_float32_and_is_near(layers: str, loss: str, digits: Dataset) -> None:
    single, double = stack_of(layers, loss, "adam", np.float32), stack_of(layers, loss, "adam")
    rows = np.arange(40)
    near = NumbaEngine().run(single, digits.train, rows, 0.001, 8).losses
    np.testing.assert_allclose(near, NumbaEngine().run(double, digits.train, rows, 0.001, 8).losses, atol=2e-3)
    assert {
        array.dtype
        for arrays in single.snapshot()
        for n, array in arrays.items()
        if "drawn" not in n and "updates" not in n
    } == {np.dtype(np.float32)}


@BOTH
@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("loss", ["mse", "softmax_cross_entropy"])
def test_an_engine_stops_at_the_sample_that_diverged(engine: Engine, loss: str, batch: int, digits: Dataset) -> None:
    layers = "28x28,conv 2 5x5,maxpool 2,flatten,10"
    stack = stack_of(layers, loss)
    outcome = engine.run(stack, digits.train, np.arange(300), 1e200, batch)
    assert outcome.diverged and len(outcome.losses) < 300 and np.all(np.isfinite(outcome.losses[:-1]))
    expected = LayerByLayer()
    with np.errstate(all="ignore"):
        theirs = expected.run(stack_of(layers, loss), digits.train, np.arange(300), 1e200, batch)
    assert len(theirs.losses) == len(outcome.losses)


@ALL
def test_preparing_changes_nothing(layers: str, loss: str, digits: Dataset) -> None:
    stack = stack_of(layers, loss, "adam")
    before = stack.snapshot()
    NumbaEngine().prepare(stack, digits.train)
    for ours, theirs in zip(stack.snapshot(), before, strict=True):
        assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_auto_takes_numba_for_all_of_nnsteps_layers_and_says_why_not_for_others() -> None:
    assert choose_engine("auto", stack_of(*NETWORKS[3])).name == "numba"
    own = ActivationLayer(np.sin, np.cos)
    with pytest.raises(NnstepError, match="sin 2 is an activation of your own"):
        choose_engine("numba", Stack([AffineLayer(2, 2), own], LOSSES["mse"]))
    twice = ActivationLayer("tanh")
    with pytest.raises(NnstepError, match="one layer stands in it twice"):
        choose_engine("numba", Stack([AffineLayer(2, 2), twice, twice], LOSSES["mse"]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("kind", "name"), [(4, "leaky_relu"), (5, "elu"), (6, "gelu")])
def test_compiled_activations_are_as_exact_as_numpys(kind: int, name: str, dtype: type) -> None:
    from nnstep.activations import ACTIVATIONS
    from nnstep.engines.layer_kernels import activate_more

    z = np.concatenate([np.linspace(-40, 40, 10001), np.geomspace(1e-12, 1, 500), [0, 1e4, -1e4]]).astype(dtype)
    y, slope = np.empty_like(z), np.empty_like(z)
    activate_more(kind, z, y, slope)
    exact = z.astype(np.float64)
    tolerance = {"rtol": 10 * np.finfo(dtype).eps, "atol": 10 * np.finfo(dtype).eps}
    np.testing.assert_allclose(y, ACTIVATIONS[name].function(exact), **tolerance)
    np.testing.assert_allclose(slope, ACTIVATIONS[name].derivative(exact), **tolerance)
    not_numbers = np.array([np.nan, np.inf], dtype)
    activate_more(kind, not_numbers, y[:2], slope[:2])
    assert np.isnan(y[0])
