import math
import re
from dataclasses import replace

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.health import marks
from nnstep.limits import LIMITS, Limits
from nnstep.stack import Stack
from nnstep.statistics import (
    dead_share,
    lines,
    norm,
    number_text,
    one_line,
    output_text,
    saturated_share,
    share_text,
    statistics,
    update_ratio,
)
from nnstep.stepping import Frame, Step, run_steps
from nnstep.tensors import tensors_of

NAN, INF = math.nan, math.inf


def frame_of(name: str = "affine 1", phase: str = "backward", rate: float = 0.1, **arrays: object) -> Frame:
    found = {
        key: {k: np.array(v) for k, v in a.items()} if isinstance(a, dict) else np.array(a) for key, a in arrays.items()
    }
    return Frame(Step(0, phase, 0, name), 1, rate, found.pop("input", np.zeros((1, 2))), **found)


def texts(frame: Frame, key: str, limits: Limits = LIMITS) -> list[str]:
    return [mark.text for mark in marks(frame, key, limits)]


def test_statistics_of_four_numbers() -> None:
    stats = statistics(np.array([[2.0, 0.0], [-2.0, 4.0]]))
    # mean 4/4 = 1; squares of 1, −1, −3, 3: 1 + 1 + 9 + 9 = 20; √(20/4) = √5
    assert (stats.shape, stats.dtype, stats.size) == ((2, 2), "float64", 4)
    assert (stats.low, stats.high, stats.mean) == (-2, 4, 1)
    assert stats.deviation == pytest.approx(math.sqrt(5))
    assert (stats.zeros, stats.nans, stats.infinities) == (1, 0, 0)


def test_nan_and_infinity_are_counted_and_left_out_of_the_rest() -> None:
    stats = statistics(np.array([NAN, 1.0, INF, 0.0, -INF, 5.0, NAN, NAN]))
    # finite: 1, 0, 5; mean 2; squares 1 + 4 + 9 = 14
    assert (stats.low, stats.high, stats.mean) == (0, 5, 2)
    assert stats.deviation == pytest.approx(math.sqrt(14 / 3))
    assert (stats.size, stats.zeros, stats.nans, stats.infinities) == (8, 1, 3, 2)


@pytest.mark.parametrize(("values", "nans", "infinities"), [([NAN, INF], 1, 1), ([], 0, 0)])
def test_without_a_finite_value_there_is_no_range(values: list[float], nans: int, infinities: int) -> None:
    stats = statistics(np.array(values))
    assert all(math.isnan(x) for x in (stats.low, stats.high, stats.mean, stats.deviation))
    assert (stats.nans, stats.infinities, stats.zeros) == (nans, infinities, 0)


@pytest.mark.parametrize("scale", [1e200, 1e308, 1e-200])
def test_numbers_whose_squares_or_sums_have_no_number_format_come_out_right(scale: float) -> None:
    stats = statistics(np.array([1.0, 1.0, -1.0, 1.0]) * scale)
    # mean 2/4; squares of ½, ½, −1½, ½: 3; √(3/4)
    assert stats.mean == pytest.approx(0.5 * scale)
    assert stats.deviation == pytest.approx(math.sqrt(0.75) * scale)
    assert stats.infinities == 0
    assert norm(np.array([3.0, -4.0]) * (scale / 10)) == pytest.approx(scale / 2)


def test_statistics_take_any_shape_and_number_format() -> None:
    assert statistics(np.array(0.5)).shape == () and statistics(np.array(0.5)).mean == 0.5
    narrow = statistics(np.full((300, 300), 3e38, np.float32))
    assert narrow.dtype == "float32" and narrow.mean == narrow.high and narrow.infinities == 0
    whole = statistics(np.array([[1, 2], [3, 6]]).T)
    assert (whole.dtype, whole.low, whole.high, whole.mean) == ("int64", 1, 6, 3)


def test_the_mean_of_equal_numbers_is_that_number() -> None:
    stats = statistics(np.full(7, 0.1))
    assert stats.mean == 0.1 and stats.deviation == 0


def test_norm_is_the_root_of_the_sum_of_squares() -> None:
    assert norm(np.array([[3.0, 0.0], [0.0, -4.0]])) == 5
    assert norm(np.zeros((2, 2))) == 0 and norm(np.zeros(0)) == 0
    assert norm(np.array([1, -INF])) == INF
    assert math.isnan(norm(np.array([NAN, 1.0])))


def test_update_ratio_compares_the_update_with_the_weights_before() -> None:
    frame = frame_of(before={"weights": [[3.0, 4.0]], "bias": [0.0]}, after={"weights": [[3.0, 4.5]], "bias": [1.0]})
    # ‖[0, 0.5]‖ / ‖[3, 4]‖ = 0.5 / 5
    assert update_ratio(frame, "weights") == pytest.approx(0.1)
    assert update_ratio(frame, "bias") is None  # nothing to compare with
    assert update_ratio(frame, "other") is None
    assert update_ratio(frame_of(before={"weights": [1.0]}), "weights") is None


@pytest.mark.parametrize(("before", "after"), [([INF], [INF]), ([1.0], [NAN]), ([NAN], [1.0]), ([1.0], [INF])])
def test_update_ratio_of_what_is_not_finite_is_none(before: list[float], after: list[float]) -> None:
    assert update_ratio(frame_of(before={"weights": before}, after={"weights": after}), "weights") is None


def test_dead_share_counts_zero_outputs_of_relu_alone() -> None:
    Y = [[0.0, 0.0, 0.5, 0.0]]
    assert dead_share(frame_of("relu 2", output=Y)) == 0.75
    assert dead_share(frame_of("tanh 2", output=Y)) is None
    assert dead_share(frame_of("relu 2")) is None


def test_saturated_share_knows_tanh_and_sigmoid() -> None:
    Y = [[0.98, -0.98, 0.97, 0.02, 0.5]]
    # tanh: 0.98 and −0.98; sigmoid: 0.98, −0.98 (below 0.03) and 0.02; 0.97 itself is on the limit
    assert saturated_share(frame_of("tanh 2", output=Y)) == pytest.approx(2 / 5)
    assert saturated_share(frame_of("sigmoid 2", output=Y)) == pytest.approx(3 / 5)
    assert saturated_share(frame_of("relu 2", output=Y)) is None
    assert saturated_share(frame_of("tanh 2")) is None


def test_one_line_and_two_lines_for_people() -> None:
    stats = statistics(np.array([[-0.98, 0.0, NAN, INF, 0.5, 0.0, -INF, 1.25]]))
    # finite: −0.98, 0, 0.5, 0, 1.25; mean 0.77/5 = 0.154; Σx² = 0.9604 + 0.25 + 1.5625 = 2.7729;
    # √(2.7729/5 − 0.154²) = √0.530864 = 0.7286
    first = "(1, 8) float64  −0.98 … 1.2"
    second = "mean 0.15 ± 0.73  zeros 25%  NaN 1  ∞ 2"
    assert lines(stats) == [first, second]
    assert one_line(stats) == f"{first}  {second}"
    assert one_line(statistics(np.array([1.0, 3.0]))) == "(2) float64  1 … 3  mean 2 ± 1"


def test_a_line_without_range_or_with_one_number() -> None:
    assert one_line(statistics(np.array(0.25))) == "number float64  0.25"
    assert one_line(statistics(np.array([NAN, NAN]))) == "(2) float64  nothing finite  NaN 2"
    assert one_line(statistics(np.zeros((0, 3)))) == "(0, 3) float64  empty"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.98, "−0.98"),
        (0.0123, "0.012"),
        (0.5, "0.5"),
        (1.26, "1.3"),
        (9.99, "10"),
        (100, "100"),
        (-784.4, "−784"),
        (12345, "12345"),
        (1.23e-5, "1.2e−5"),
        (2e10, "2e10"),
        (NAN, "NaN"),
        (INF, "∞"),
        (-INF, "−∞"),
    ],
)
def test_numbers_have_two_digits_or_all_before_the_point(value: float, text: str) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.976, "0.98"), (-12.0, "−12.00"), (784.4, "784"), (25367.4, "25367"), (5.8e290, "5.8e290"), (NAN, "NaN")],
)
def test_an_output_has_two_decimals_while_they_fit(value: float, text: str) -> None:
    assert output_text(value) == text


def test_a_share_that_is_not_all_or_nothing_does_not_say_so() -> None:
    assert [share_text(x) for x in (0, 0.001, 0.19, 0.999, 1)] == ["0%", "<1%", "19%", ">99%", "100%"]


def test_a_healthy_network_has_no_marks() -> None:
    network = build_network()
    X = np.random.default_rng(1).uniform(0, 1, (1, 784))
    stack = Stack(network.layers, network.loss)
    frames = list(run_steps(stack, X, np.eye(10)[:1], 0.01))
    assert [
        texts(frame, tensor.key) for frame in frames for tensor in tensors_of(frame) if texts(frame, tensor.key)
    ] == []


def test_what_is_not_finite_is_marked_in_any_tensor() -> None:
    frame = frame_of(output=[[NAN, INF, 1.0, NAN]])
    assert texts(frame, "output") == ["NaN: 2 of 4", "infinite: 1 of 4"]
    assert texts(frame, "input") == [] and texts(frame, "before.weights") == [] and texts(frame, "target") == []


@pytest.mark.parametrize(
    ("change", "said"),
    # ‖W‖ = 5
    [(1.0, ["‖ΔW‖/‖W‖ 0.2: large"]), (0.005, []), (1e-6, ["‖ΔW‖/‖W‖ 2e−7: small"]), (0.0, ["‖ΔW‖/‖W‖ 0: small"])],
)
def test_an_update_too_large_or_too_small_is_marked(change: float, said: list[str]) -> None:
    frame = frame_of(before={"weights": [[3.0, 0.0], [4.0, 0.0]]}, after={"weights": [[3.0, change], [4.0, 0.0]]})
    assert texts(frame, "update.weights") == said
    assert texts(replace(frame, learning_rate=0.0), "update.weights") == []


def test_a_bias_may_change_as_much_as_it_likes() -> None:
    frame = frame_of(before={"bias": [0.001, 0], "b": [[0.001, 0]]}, after={"bias": [1.0, 0], "b": [[1.0, 0]]})
    assert texts(frame, "update.bias") == texts(frame, "update.b") == []


def test_an_update_from_infinite_weights_is_marked_without_a_warning() -> None:
    frame = frame_of(before={"weights": [[INF, 1.0]]}, after={"weights": [[INF, INF]]})
    assert texts(frame, "update.weights") == ["NaN: 1 of 2", "infinite: 1 of 2"]  # ∞ − ∞, ∞ − 1


def test_outputs_that_no_longer_learn_are_marked_above_the_limit() -> None:
    assert texts(frame_of("relu 2", output=[[0.0, 0, 0, 1]]), "output") == ["zero outputs: 75%"]
    assert texts(frame_of("relu 2", output=[[0.0, 0, 1, 1]]), "output") == []
    assert texts(frame_of("tanh 2", output=[[1.0, -1, 0]]), "output") == ["saturated: 67%"]
    assert texts(frame_of("relu 2", output=[[0.0, 0, 0, 1]]), "output", Limits(dead=0.8)) == []


def test_a_gradient_that_vanished_or_explodes_is_marked() -> None:
    for key in ("output_gradient", "input_gradient"):
        assert texts(frame_of(**{key: [[0.0, 0.0]]}), key) == ["gradient is zero"]
        assert texts(frame_of(**{key: [[0.0, -2000.0]]}), key) == ["gradient up to 2000"]
        assert texts(frame_of(**{key: [[0.0, 1000.0]]}), key) == []
    assert texts(frame_of(gradients={"weights": [[0.0]]}), "gradients.weights") == ["gradient is zero"]
    assert texts(frame_of(input=[[0.0]]), "input") == []


def test_every_explanation_says_what_to_try() -> None:
    frames = [
        frame_of("relu 1", output=[[NAN, INF, 0, 0, 0]], input_gradient=[[0.0]], output_gradient=[[9999.0]]),
        frame_of("tanh 1", output=[[1.0]], before={"weights": [[1.0]]}, after={"weights": [[9.0]]}),
        frame_of("tanh 1", before={"weights": [[1.0]]}, after={"weights": [[1.0]]}),
    ]
    found = [mark for frame in frames for tensor in tensors_of(frame) for mark in marks(frame, tensor.key)]
    assert len({mark.explanation for mark in found}) == 8
    assert all(re.search(r"\b([Tt]ry|Go back|look for|see where)\b.*\.$", mark.explanation) for mark in found)
    ratios = [mark.explanation for mark in found if "ΔW" in mark.text]
    assert len(ratios) == 2 and all("CS231n" in text and "1e−3" in text for text in ratios)
