import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstep.architecture import build_network
from nnstep.data import load_data
from nnstep.engines.base import Engine, choose_engine
from nnstep.engines.numba_engine import NumbaEngine
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.errors import NnstepError
from nnstep.layers import ActivationLayer, AffineLayer
from nnstep.network import Network
from nnstep.samples import Dataset
from nnstep.stack import Stack

ENGINES = [NumpyEngine()]
try:
    import numba  # noqa: F401

    ENGINES.append(NumbaEngine())  # type: ignore[arg-type]
except ImportError:
    pass
BOTH = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


def stack_of(layers: str, dtype: type = np.float64) -> Stack:
    network = build_network(layers, seed=3, dtype=dtype)
    return Stack(network.layers, network.loss)


@BOTH
@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("layers", ["784,12,tanh,10,tanh", "784,9,relu,8,sigmoid,10", "784,10,identity"])
def test_engines_agree_with_the_layers_over_two_epochs(
    engine: Engine, layers: str, batch: int, digits: Dataset
) -> None:
    network, stack = build_network(layers, seed=3), stack_of(layers)
    x, y = digits.train.inputs(slice(None)), digits.train.targets(slice(None))
    errors = network.fit(x, y, 2, 0.01, batch, report=lambda line: None)
    for error in errors:
        outcome = engine.run(stack, digits.train, np.arange(len(x)), 0.01, batch)
        assert outcome.losses.mean() == pytest.approx(error, abs=1e-9)
    for ours, theirs in zip(stack.layers, network.layers, strict=True):
        for name, array in theirs.parameters.items():
            np.testing.assert_allclose(ours.parameters[name], array, atol=1e-9)  # type: ignore[attr-defined]


@BOTH
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, 19), max_size=4), batch=st.sampled_from([1, 3]))
def test_the_same_bits_come_out_however_the_work_is_cut(engine: Engine, cuts: list[int], batch: int) -> None:
    samples = load_data("samples", 60).train
    rows = np.random.default_rng(1).permutation(60)
    whole, cut = stack_of("784,12,tanh,10,tanh"), stack_of("784,12,tanh,10,tanh")
    expected = engine.run(whole, samples, rows, 0.1, batch).losses
    edges = sorted({0, 60, *(batch * c for c in cuts)})
    parts = [engine.run(cut, samples, rows[a:b], 0.1, batch).losses for a, b in zip(edges, edges[1:], strict=False)]
    np.testing.assert_array_equal(np.concatenate(parts), expected)
    np.testing.assert_array_equal(cut.snapshot()[0]["weights"], whole.snapshot()[0]["weights"])


@BOTH
def test_float32_stays_float32_and_is_near(engine: Engine, digits: Dataset) -> None:
    single, double = stack_of("784,12,tanh,10,tanh", np.float32), stack_of("784,12,tanh,10,tanh")
    rows = np.arange(100)
    near = engine.run(single, digits.train, rows, 0.1).losses
    np.testing.assert_allclose(near, engine.run(double, digits.train, rows, 0.1).losses, atol=1e-4)
    assert single.snapshot()[0]["weights"].dtype == np.float32


@BOTH
@pytest.mark.parametrize("batch", [1, 4])
def test_an_engine_stops_at_the_sample_that_diverged(engine: Engine, batch: int, digits: Dataset) -> None:
    stack = stack_of("784,10,identity")
    outcome = engine.run(stack, digits.train, np.arange(300), 1e9, batch)
    assert outcome.diverged and len(outcome.losses) < 300
    assert np.all(np.isfinite(outcome.losses[:-1]))
    assert np.all(np.isfinite(stack.snapshot()[0]["bias"]))


def test_auto_takes_what_fits_and_an_engine_says_what_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Stack([AffineLayer(2, 2), ActivationLayer(np.sin, np.cos)], Network().loss)
    assert choose_engine("auto", own).name == "numpy"
    assert choose_engine("numpy", stack_of("784,10")).name == "numpy"
    if len(ENGINES) == 2:
        assert choose_engine("auto", stack_of("784,10")).name == "numba"
        with pytest.raises(NnstepError, match="sin 2 is an activation of your own.*numpy"):
            choose_engine("numba", own)
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert choose_engine("auto", stack_of("784,10")).name == "numpy"
    with pytest.raises(NnstepError, match=r'pip install "nnstep\[fast\]"'):
        choose_engine("numba", stack_of("784,10"))
