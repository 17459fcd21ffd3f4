from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstep.architecture import build_network
from nnstep.breakpoints import Breakpoints, parse_breakpoint
from nnstep.conditions import parse_condition
from nnstep.errors import NnstepError
from nnstep.expressions import Moment
from nnstep.stack import Stack
from nnstep.stepping import Frame, Step, run_steps
from nnstep.watches import Watches, parse_watch

LAYERS = ["affine 1", "relu 2", "affine 3", "tanh 4"]


def forward(output: Sequence[float], layer: int = 1, **more: object) -> Moment:
    """A forward step with these outputs."""
    Y = np.array([output], float)
    frame = Frame(Step(layer, "forward", layer, LAYERS[layer]), 10, 0.1, Y, output=Y, **more)
    return Moment(frame, 7, None, None, 2, 31)


def backward(**more: object) -> Moment:
    """The backward step of layer 3: X = [1, 2], dE/dY = [3, 4], dE/dX = [3, −4], W 2 × 2."""
    before, gradient = np.array([[1.0, 2.0], [2.0, 4.0]]), np.array([[3.0, 4.0], [6.0, 8.0]])
    frame = Frame(
        Step(7, "backward", 2, "affine 3"),
        10,
        0.1,
        np.array([[1.0, 2.0]]),
        output=np.array([[0.0, 0.5]]),
        output_gradient=np.array([[3.0, 4.0]]),
        input_gradient=np.array([[3.0, -4.0]]),
        gradients={"weights": gradient, "bias": np.array([3.0, 4.0])},
        before={"weights": before, "bias": np.zeros(2)},
        after={"weights": before - 0.1 * gradient, "bias": np.array([-0.3, -0.4])},
    )
    return Moment(frame, 7, 3, 0.25, 2, 31)


# |dE/dX| = √(9 + 16) = 5; W after = [[0.7, 1.6], [1.4, 3.2]]; |ΔW| = 0.1·√(9 + 16 + 36 + 64) = 1.118; |W| = 5
TABLE = [
    ("|dX| < 5.1", True),
    ("|dX| < 4.9", False),
    ("|dX| < 1e-7", False),
    ("norm dX = 5", True),
    ("max |dX| == 4", True),
    ("max dX == 3", True),
    ("min dX == -4", True),
    ("mean |dX| == 3.5", True),
    ("mean dX == −0.5", True),
    ("sum dX ≤ -1", True),
    ("max |W| > 3", True),
    ("max |W| > 3.3", False),
    ("W[1,1] > 3.1 and W[1,1] < 3.3", True),
    ("dE/dW[1,0] == 6", True),
    ("2.W[0,0] < 0.8", True),
    ("affine 3.dW[0,0] == 3", True),
    ("affine3.db[1] == 4", True),
    ("0.dW[0,0] == 3", False),
    ("dX[1] == -4", True),
    ("|dX[1]| == 4", True),
    ("dX[9] == 0", False),
    ("not dX[9] == 0", False),
    ("zeros Y == 50%", True),
    ("ratio > 0.22 and ratio < 0.23", True),
    ("wrong", True),
    ("right", False),
    ("not right", True),
    ("loss > 0.2", True),
    ("0.2 < loss < 0.3", True),
    ("0.25 < loss < 0.3", False),
    ("label == 7 and says == 3", True),
    ("epoch ≥ 2 and sample ≠ 30", True),
    ("step == 8", True),
    ("nan", False),
    ("not finite", False),
    ("not nan and (loss > 1 or wrong)", True),
    ("dead > 50%", False),
    ("|update| > 1.11 and |ΔW| < 1.12", True),
    ("max |Δb| == 0.4", True),
]


@pytest.mark.parametrize(("text", "truth"), TABLE)
def test_a_condition_means_what_it_says(text: str, truth: bool) -> None:
    assert parse_condition(text, layers=LAYERS).holds(backward()) is truth


def test_conditions_on_outputs_hold_where_they_do() -> None:
    # two of four outputs are zero; one of four is beyond 0.97
    assert parse_condition("dead == 50%").holds(forward([0, 0, 1, 2]))
    assert parse_condition("saturated == 25%").holds(forward([0, 0.99, 0.5, -0.9], layer=3))
    assert not parse_condition("saturated > 0%").holds(forward([0, 0.99], layer=0))
    assert parse_condition("nan").holds(forward([0, np.nan]))
    assert not parse_condition("inf").holds(forward([0, np.nan]))
    assert parse_condition("inf").holds(forward([0, -np.inf]))
    assert parse_condition("not finite").holds(forward([0, np.nan]))
    assert not parse_condition("wrong").holds(forward([0, 1]))
    assert not parse_condition("not wrong").holds(forward([0, 1])), "what is not known yet is neither"
    assert not parse_condition("loss < 1").holds(forward([0, 1]))


def test_what_is_logged_is_looked_up_with_the_same_answer() -> None:
    rng = np.random.default_rng(1)
    losses, says, labels = rng.random(50), rng.integers(0, 10, 50), rng.integers(0, 10, 50)
    epochs, samples = np.repeat([1, 2], 25), np.tile(np.arange(1, 26), 2)
    frame = backward().frame
    for text in ("loss > 0.5", "wrong and not label == 3", "says >= label or sample == 7", "right", "epoch < 2"):
        condition = parse_condition(text)
        assert condition.logged
        expected = [
            condition.holds(
                Moment(frame, int(labels[i]), int(says[i]), float(losses[i]), int(epochs[i]), int(samples[i]))
            )
            for i in range(50)
        ]
        np.testing.assert_array_equal(condition.hits(losses, says, labels, epochs, samples), expected)
    for text in ("nan", "dead > 1", "loss > 1 or |dX| > 2", "step == 3"):
        assert not parse_condition(text).logged


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("los > 0.5", "'los' at character 1 is not known. Did you mean loss?"),
        ("loss > ", "ends where a quantity was expected"),
        ("loss 0.5", "expected <, >, <=, >=, == or != at character 6, received '0.5'"),
        ("max |W > 3", "expected | at character 8, received '>'"),
        ("W > 3", "Write |W|, max |W|, mean W or W[3]"),
        ("wrong wrong", "expected and, or, or the end at character 7"),
        ("loss > 0.5 § 3", "'§' at character 12 cannot be understood"),
        ("9.W[1,1] > 0", "there is no layer 9: they count from 0 to 3"),
        ("tanh 1.Y[0] > 0", "there is no layer 'tanh 1'. There are affine 1, relu 2, affine 3"),
        ("dX[a] > 0", "expected a whole number from 0 at character 4"),
        ("max loss > 3", "loss is one number already"),
        ("max W[1,2] > 3", "leave one of the two out"),
    ],
)
def test_what_cannot_be_understood_says_where(text: str, said: str) -> None:
    with pytest.raises(NnstepError) as raised:
        parse_condition(text, layers=LAYERS)
    assert said in str(raised.value) and "\n" not in str(raised.value)


WORDS = [
    "loss",
    "wrong",
    "|",
    "W",
    "dX",
    "[",
    "]",
    ",",
    "3",
    "0.5",
    "50%",
    "<",
    ">",
    "==",
    "and",
    "or",
    "not",
    "(",
    ")",
]
WORDS += ["affine", "1", "2.", ".", "if", "backward", "max", "mean", "nan", "-", "on", "layer", "update", "Δ", "E"]


@given(st.one_of(st.text(max_size=30), st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)))
def test_any_text_is_understood_or_refused_in_one_line(text: str) -> None:
    for parse in (parse_breakpoint, parse_watch):
        try:
            found = parse(text, LAYERS)
        except NnstepError:
            continue
        if parse is parse_breakpoint:
            assert parse_breakpoint(found.text, LAYERS).text == found.text
            found.stops_at(backward())
            found.stops_at(forward([0.0, 1.0]))
        else:
            found.value(backward())


@pytest.mark.parametrize(
    ("text", "kept", "layer", "phase"),
    [
        ("affine 3", "affine 3", 2, None),
        ("on 3", "affine 3", 2, None),
        ("layer 4 forward", "tanh 4 forward", 3, "forward"),
        ("affine3 backward when |dX| < 1e-7", "affine 3 backward if |dX| < 1e-7", 2, "backward"),
        ("backward if nan", "backward if nan", None, "backward"),
        ("loss", "loss", None, "loss"),
        ("loss > 0.5", "loss > 0.5", None, None),
        ("loss if loss > 0.5", "loss if loss > 0.5", None, "loss"),
        ("wrong", "wrong", None, None),
        ("affine 3.dW[0,0] > 2", "affine 3.dW[0,0] > 2", None, None),
    ],
)
def test_a_breakpoint_is_read_and_written(text: str, kept: str, layer: int | None, phase: str | None) -> None:
    found = parse_breakpoint(text, LAYERS)
    assert (found.text, found.layer, found.phase) == (kept, layer, phase)
    assert parse_breakpoint(found.text, LAYERS).text == kept
    with pytest.raises(NnstepError, match="there is no layer 9: they count from 1 to 4"):
        parse_breakpoint("9 forward", LAYERS)


def moments(label: int = 4) -> list[Moment]:
    network = build_network("3,4,relu,2,tanh")
    stack = Stack(network.layers, network.loss)
    frames = list(run_steps(stack, np.array([[0.5, -1.0, 2.0]]), np.array([[1.0, 0.0]]), 0.1))
    loss = float(frames[4].output)
    return [
        Moment(f, label, 1 if f.step.index >= 3 else None, loss if f.step.index >= 4 else None, 1, 1) for f in frames
    ]


def test_a_condition_on_a_sample_stops_once_in_it_and_one_on_a_layer_at_each_of_its_steps() -> None:
    def stops(text: str) -> list[int]:
        breakpoint = parse_breakpoint(text, LAYERS)
        return [moment.frame.step.index for moment in moments() if breakpoint.stops_at(moment)]

    # steps: 0–3 forward, 4 the loss, 5 its gradient, 6–9 backward from layer 4 to layer 1
    assert stops("label == 4") == [0]
    assert stops("wrong") == [4]
    assert stops("loss < 100") == [4]
    assert stops("affine 3") == [2, 7]
    assert stops("affine 3 backward") == [7]
    assert stops("loss") == [4, 5]
    assert stops("backward") == [6, 7, 8, 9]
    assert stops("affine 3 if label == 4") == [2, 7]
    assert stops("relu 2 forward if dead >= 0%") == [1]


def test_hits_are_counted_and_those_that_are_off_do_not_stop() -> None:
    breakpoints = Breakpoints([parse_breakpoint(text, LAYERS) for text in ("affine 3", "backward", "wrong")])
    breakpoints.toggle(2)
    for moment in moments():
        breakpoints.hit(moment)
    assert [breakpoint.hits for breakpoint in breakpoints] == [2, 4, 0]
    kept = Breakpoints.from_json(breakpoints.as_json(), LAYERS)
    assert kept.as_json() == breakpoints.as_json() and not kept[2].enabled
    for damaged in ({}, [1], [{"text": "wrong"}], "wrong"):
        with pytest.raises(NnstepError, match="damaged"):
            Breakpoints.from_json(damaged, LAYERS)


def test_a_watch_follows_one_number_over_the_samples() -> None:
    watches = Watches([parse_watch("mean |2.dW|", LAYERS), parse_watch("loss", LAYERS)])
    found = moments()
    for count in (3, 1, 2):
        watches.record("main", count, found)
    dW = found[7].frame.gradients["weights"]
    first, second = watches
    assert watches.course(first, "main", 2) == pytest.approx([np.abs(dW).mean()] * 2)
    assert len(watches.course(second, "main", 9, length=2)) == 2
    assert watches.course(second, "other", 9) == []
    assert first.value(found[2]) is None and second.value(found[3]) is None
    assert parse_watch("2.weights[1,0]", LAYERS).value(found[7]) == found[7].frame.after["weights"][1, 0]
    assert Watches.from_json(watches.as_json(), LAYERS).texts == ["mean |2.dW|", "loss"]
    for text in ("W[1,2]", "dead", "mean |dW|"):
        with pytest.raises(NnstepError, match="layer is missing"):
            parse_watch(text, LAYERS)
    with pytest.raises(NnstepError, match="damaged"):
        Watches.from_json([3], LAYERS)
