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
from nnstep.samples import Dataset, Samples
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


@pytest.mark.skipif(len(ENGINES) < 2, reason="numba is not installed")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("kind", "name"), [(0, "identity"), (1, "tanh"), (2, "relu"), (3, "sigmoid")])
def test_compiled_activations_are_as_exact_as_numpys(kind: int, name: str, dtype: type) -> None:
    from nnstep.engines.kernels import activate
    from nnstep.layers import ACTIVATIONS

    z = np.concatenate([np.linspace(-40, 40, 10001), np.geomspace(1e-12, 1, 500), [0, 1e4, -1e4]]).astype(dtype)
    y, slope = np.empty_like(z), np.empty_like(z)
    activate(kind, z, y, slope)
    exact = ACTIVATIONS[name].function(z.astype(np.longdouble))
    np.testing.assert_allclose(y, exact, rtol=10 * np.finfo(dtype).eps, atol=1e-30)
    np.testing.assert_allclose(
        slope, ACTIVATIONS[name].derivative(z.astype(np.longdouble)), atol=4 * np.finfo(dtype).eps
    )
    not_numbers = np.array([np.nan, np.inf], dtype)
    activate(kind, not_numbers, y[:2], slope[:2])
    assert np.isnan(y[0])


@BOTH
@pytest.mark.parametrize("batch", [1, 5])
def test_inputs_that_are_no_pixels_are_taken_as_they_are(engine: Engine, batch: int) -> None:
    rng = np.random.default_rng(0)
    values = np.where(rng.random((40, 6)) < 0.4, 0, rng.normal(size=(40, 6)))
    samples = Samples(values, rng.integers(0, 3, 40).astype(np.uint8), (1, 6), classes=3)
    network = build_network("6,5,relu,4,sigmoid,3,tanh", seed=3)
    stack = stack_of("6,5,relu,4,sigmoid,3,tanh")
    errors = network.fit(values, samples.targets(slice(None)), 1, 0.3, batch, report=lambda line: None)
    assert engine.run(stack, samples, np.arange(40), 0.3, batch).losses.mean() == pytest.approx(errors[0], abs=1e-12)


@BOTH
def test_preparing_an_engine_changes_nothing(engine: Engine, digits: Dataset) -> None:
    stack = stack_of("784,12,tanh,10,tanh")
    before = stack.snapshot()
    engine.prepare(stack, digits.train)
    np.testing.assert_array_equal(stack.snapshot()[0]["weights"], before[0]["weights"])


@pytest.mark.skipif(len(ENGINES) < 2, reason="numba is not installed")
def test_no_folder_for_the_cache_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from nnstep.engines import kernels

    calls: list[bool] = []

    def njit(cache: bool = False, **options: object):
        calls.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(kernels, "njit", njit)
    assert kernels.compiled(len) is len and calls == [True, False]
