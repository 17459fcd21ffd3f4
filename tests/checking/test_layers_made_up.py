"""Right layers with made-up shapes and values have no finding, and a factor put into them is found."""

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnstep import ActivationLayer, AffineLayer
from nnstep.checking.file_check import check_layer

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
sizes = st.integers(1, 7)
scales = st.floats(1e-3, 20)


class Dense:
    def __init__(self, n: int, m: int, scale: float, seed: int, columns: bool, factor: float) -> None:
        rng = np.random.default_rng(seed)
        self.W = rng.normal(0, scale, (m, n) if columns else (n, m))
        self.b = rng.normal(0, scale, (m, 1) if columns else (1, m))
        self.columns, self.factor = columns, factor

    def forward_propagation(self, X: Any) -> Any:
        self.X = X
        return self.W @ X + self.b if self.columns else X @ self.W + self.b

    def backward_propagation(self, dY: Any, lr: float) -> Any:
        if self.columns:
            dX, dW = self.W.T @ dY, dY @ self.X.T
        else:
            dX, dW = dY @ self.W.T, self.X.T @ dY
        self.W -= lr * self.factor * dW
        self.b -= lr * (dY if self.columns else dY.sum(axis=0))
        return dX


@FEW
@given(sizes, sizes, scales, st.integers(0, 1000), st.booleans())
def test_a_right_affine_layer_has_no_finding(n: int, m: int, scale: float, seed: int, columns: bool) -> None:
    layer = Dense(n, m, scale, seed, columns, 1.0)
    report = check_layer(layer, (n, 1) if columns else (1, n))
    assert report.findings == []


@FEW
@given(sizes, sizes, st.integers(0, 1000), st.booleans(), st.sampled_from([2.0, 0.5, -1.0, 3.7, 0.0]))
def test_a_factor_in_the_weights_gradient_is_found(n: int, m: int, seed: int, columns: bool, factor: float) -> None:
    layer = Dense(n, m, 0.5, seed, columns, factor)
    report = check_layer(layer, (n, 1) if columns else (1, n))
    assert [(f.id, f.tensor) for f in report.findings] == [("factor", "W")]


@FEW
@given(sizes, st.sampled_from(["tanh", "relu", "sigmoid", "identity"]))
def test_our_own_activations_have_no_finding(n: int, name: str) -> None:
    assert check_layer(ActivationLayer(name), (1, n)).findings == []


@FEW
@given(sizes, sizes, st.sampled_from(["float64", "float32"]), st.sampled_from(["lecun", "he", "uniform01"]))
def test_our_own_affine_layers_have_no_finding(n: int, m: int, dtype: str, init: str) -> None:
    assert check_layer(AffineLayer(n, m, init, dtype=dtype), (1, n)).findings == []


class HalfArctan:
    def forward_propagation(self, X: Any) -> Any:
        self.Y = np.arctan(X)
        return self.Y

    def backward_propagation(self, dY: Any, lr: float) -> Any:
        return 0.5 * dY / (1 + self.Y**2)


def test_of_two_faults_neither_is_said_to_be_all_of_it() -> None:
    point, factor = check_layer(HalfArctan(), (1, 5)).findings
    assert (point.id, factor.id) == ("derivative-at-output", "factor")
    assert "but for a constant" in point.evidence
    assert "0.500 × what that alone would give" in factor.evidence
