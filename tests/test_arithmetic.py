import math
from decimal import Decimal

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.arithmetic import Arithmetic, explain
from nnstep.arithmetic_text import as_lines, as_text, printed
from nnstep.edits import Edit
from nnstep.stack import Stack
from nnstep.stepping import Frame, run_steps
from nnstep.tensors import tensor_of, tensors_of
from nnstep.terms import Place, short


def sample(activation: str, rows: int, seed: int = 0, edit: Edit | None = None) -> tuple[list[Frame], list[object]]:
    network = build_network(f"30,12,{activation},5,{activation}", seed=seed)
    stack = Stack(network.layers, network.loss)
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(rows, 30)), np.eye(5)[rng.integers(0, 5, rows)]
    return list(run_steps(stack, X, y, 0.1, edit=edit)), list(stack.layers)


def number(text: str) -> Decimal:
    return Decimal(text.replace("−", "-"))


def element(frame: Frame, place: Place) -> float:
    array = tensor_of(frame, place.key)
    assert array is not None
    return float(array[place.index])


CASES = [(a, rows) for a in ("tanh", "relu", "sigmoid", "identity") for rows in (1, 3)]


@pytest.mark.parametrize(("activation", "rows"), CASES)
def test_the_terms_of_random_elements_of_every_tensor_add_up_to_it(activation: str, rows: int) -> None:
    frames, layers = sample(activation, rows)
    rng, seen = np.random.default_rng(1), set()
    for frame in frames:
        for tensor in tensors_of(frame):
            for _ in range(5):
                place = Place(
                    frame.step.index, tensor.key, tuple(int(rng.integers(0, n)) for n in np.shape(tensor.array))
                )
                found = explain(frames, layers, place)
                value = element(frame, place)
                assert found.value == value
                if found.source:
                    assert element(frames[found.source.step], found.source) == value
                    continue
                if not len(found.values):
                    assert found.note
                    continue
                seen.add((frame.step.phase, tensor.key))
                assert math.fsum(found.values) == pytest.approx(value, rel=1e-9, abs=1e-15)
                check_terms(frames, found)
                check_print(found)
    # 4 forward outputs are of two kinds; the loss, its gradient; backward dE/dX, and gradient, update, after of W and b
    assert len(seen) == 1 + 2 + 1 + 6


def check_terms(frames: list[Frame], found: Arithmetic) -> None:
    for term, value in zip(found.terms, found.values, strict=False):
        assert term.value == pytest.approx(value, rel=1e-12, abs=1e-300)
        for factor in term.factors:
            if factor.place:
                assert factor.place.step == found.place.step
                if "′" not in factor.text:
                    assert element(frames[factor.place.step], factor.place) == factor.value
        if "y[" not in found.formula and "before −" not in found.formula and "(X" not in found.formula:
            assert math.prod(factor.value for factor in term.factors) == pytest.approx(value, rel=1e-12, abs=1e-300)


def check_print(found: Arithmetic) -> None:
    for most in (1, 3, 100):
        shown = printed(found, most)
        parts = [number(text) for text in (*shown.terms, *([shown.rest] if shown.others else []))]
        assert sum(parts) == number(shown.result), "the printed sum is the printed value"
        largest = max(abs(found.value), *(abs(v) for v in found.values[:most]))
        unit = 10.0 ** (math.floor(math.log10(largest)) - 3) if largest else 1.0
        if not shown.others or abs(math.fsum(found.values[most:])) <= largest:
            assert abs(float(number(shown.result)) - found.value) <= 0.5001 * unit
            for text, value in zip(shown.terms, found.values, strict=False):
                assert abs(float(number(text)) - value) <= unit * 1.0001
    assert as_text(found).startswith(f"{found.formula} = ") and found.formula.startswith(f"{found.name} = ")
    assert as_lines(found, 3)[0] == found.formula


def test_an_output_is_written_as_a_person_would() -> None:
    network = build_network("2,1")
    stack = Stack(network.layers, network.loss)
    stack.layers[0].weights[...] = [[0.5], [-0.25]]
    stack.layers[0].bias[...] = 0.125
    frames = list(run_steps(stack, np.array([[2.0, 3.0]]), np.array([[1.0]]), 0.1))
    # 2·0.5 = 1, 3·(−0.25) = −0.75, and the bias: 0.375; the loss is (1 − 0.375)² = 0.390625
    assert as_text(explain(frames, stack.layers, Place(0, "output", (0, 0)))) == (
        "Y[0] = Σᵢ X[i]·W[i,0] + b[0] = 2·0.5 + 3·(−0.25) + 0.125 = 0.375"
    )
    assert as_text(explain(frames, stack.layers, Place(0, "output", (0, 0))), 1) == (
        "Y[0] = Σᵢ X[i]·W[i,0] + b[0] = 2·0.5 + … (2 more: −0.625) = 0.375"
    )
    assert as_text(explain(frames, stack.layers, Place(2, "input_gradient", (0, 0)))) == (
        "dE/dŷ[0] = −2·(y[0] − ŷ[0])/1 = −2·(1 − 0.375)/1 = −1.250"
    )
    # dE/dW[1,0] = 3·(−1.25) = −3.75; times −0.1 is 0.375, and −0.25 + 0.375 = 0.125
    assert as_text(explain(frames, stack.layers, Place(3, "after.weights", (1, 0)))) == (
        "W[1,0] after = W[1,0] − η·dE/dW[1,0] = (−0.1)·(−3.75) + (−0.25) = 0.1250"
    )


def walk(frames: list[Frame], layers: list[object], place: Place, *keys: str) -> list[Place]:
    """Follows sources, and the first factor of one of these tensors, until a number that is given."""
    places = [place]
    while len(places) < 100:
        found = explain(frames, layers, places[-1])
        if found.source:
            places.append(found.source)
        elif found.terms and (
            inside := [f.place for t in found.terms for f in t.factors if f.place and f.place.key in keys]
        ):
            places.append(inside[0])
        else:
            break
    return places


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_the_chain_can_be_walked_from_the_loss_to_a_pixel_and_from_a_pixel_to_the_loss(activation: str) -> None:
    frames, layers = sample(activation, 1)
    to_pixel = walk(frames, layers, Place(4, "output", ()), "input")
    assert (to_pixel[-1].step, to_pixel[-1].key) == (0, "input")
    assert [place.step for place in to_pixel] == sorted((place.step for place in to_pixel), reverse=True)
    to_loss = walk(frames, layers, Place(9, "input_gradient", (0, 7)), "output_gradient", "target")
    assert (to_loss[-1].step, to_loss[-1].key) == (5, "target")


class Doubling:
    """A student's layer: nnstep knows no formula for it."""

    def __init__(self) -> None:
        self.gain = np.full(3, 2.0)

    def forward_propagation(self, X: np.ndarray) -> np.ndarray:
        self.X = X
        return X * self.gain

    def backward_propagation(self, dE_dY: np.ndarray, learning_rate: float) -> np.ndarray:
        dE_dX = dE_dY * self.gain
        self.gain = self.gain - learning_rate * (self.X * dE_dY).sum(axis=0)
        return dE_dX


def test_a_layer_without_a_known_formula_still_shows_its_update() -> None:
    network = build_network("3,3")
    stack = Stack([Doubling()], network.loss)
    frames = list(run_steps(stack, np.array([[1.0, 2.0, 3.0]]), np.array([[0.0, 0.0, 1.0]]), 0.5))
    assert "no formula is known" in explain(frames, stack.layers, Place(0, "output", (0, 1))).note
    assert "no formula is known" in explain(frames, stack.layers, Place(3, "input_gradient", (0, 1))).note
    # dE/dŷ[1] = −2 (0 − 4)/3 = 8/3, times X[1] = 2: dE/dgain[1] = 16/3
    gradient = explain(frames, stack.layers, Place(3, "gradients.gain", (1,)))
    assert gradient.value == pytest.approx(16 / 3) and gradient.terms[0].value == pytest.approx(16 / 3)
    update = explain(frames, stack.layers, Place(3, "update.gain", (1,)))
    assert update.formula == "Δgain[1] = −η·dE/dgain[1]" and update.terms[0].value == pytest.approx(-8 / 3)


def test_a_changed_input_says_so() -> None:
    frames, layers = sample("tanh", 1, edit=Edit().with_input(1, (0, 4), 9.0))
    assert explain(frames, layers, Place(1, "input", (0, 4))).note == "Changed by you."
    assert explain(frames, layers, Place(1, "input", (0, 3))).source == Place(0, "output", (0, 3))


def test_numbers_that_are_not_finite_are_shown() -> None:
    network = build_network("3,2,tanh")
    stack = Stack(network.layers, network.loss)
    with np.errstate(all="ignore"):
        frames = list(run_steps(stack, np.array([[np.nan, np.inf, 1.0]]), np.array([[0.0, 1.0]]), 0.1))
    for frame in frames:
        for tensor in tensors_of(frame):
            place = Place(frame.step.index, tensor.key, (0,) * np.ndim(tensor.array))
            assert as_text(explain(frames, stack.layers, place))
    assert "NaN" in as_text(explain(frames, stack.layers, Place(0, "output", (0, 0))))
    assert [short(v) for v in (np.nan, np.inf, -np.inf, 0.0, -1.5, 2e-5)] == [
        "NaN",
        "∞",
        "−∞",
        "0",
        "−1.5",
        "2.000e−05",
    ]


def test_only_the_largest_terms_are_made() -> None:
    network = build_network("784,10")
    stack = Stack(network.layers, network.loss)
    frames = list(run_steps(stack, np.random.default_rng(0).random((1, 784)), np.eye(10)[:1], 0.1))
    found = explain(frames, stack.layers, Place(0, "output", (0, 3)))
    assert len(found.values) == 785 and len(found.terms) == 40
    assert list(np.abs(found.values)) == sorted(np.abs(found.values), reverse=True)
