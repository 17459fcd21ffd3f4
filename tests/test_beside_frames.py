"""A framework beside the debugger's frames, without a screen."""

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.frameworks.beside import Along, Beside
from nnstep.optimizers import Rule
from nnstep.samples import Dataset
from nnstep.stack import Stack
from nnstep.stepping import Frame, run_steps


def sample(stack: Stack, digits: Dataset, number: int) -> tuple[Frame, ...]:
    rows = slice(number, number + 1)
    return tuple(run_steps(stack, digits.train.inputs(rows), digits.train.targets(rows), 0.01))


def stack_with(rule: Rule, digits: Dataset) -> Stack:
    network = build_network("784,8,tanh,10,tanh")
    stack = Stack(network.layers, network.loss)
    stack.learn_parameters(digits.train.inputs(slice(0, 1)))
    stack.use_rule(rule)
    return stack


def of(along: Along, key: str) -> tuple[bool, str]:
    """Whether the last frame's tensor was compared, and why not."""
    found = next(one for one in along.compared[-1] if one.tensor.key == key)
    return found.change is not None, found.why_not


def test_an_optimizer_is_compared_only_where_it_begins(digits: Dataset) -> None:
    pytest.importorskip("torch")
    stack = stack_with(Rule("adam"), digits)
    beside = Beside("torch", stack, 784)
    first = beside.go_along(sample(stack, digits, 0))
    assert first.first is None and of(first, "after.weights") == (True, "")
    second = beside.go_along(sample(stack, digits, 1))
    compared, why_not = of(second, "after.weights")
    assert second.first is None and not compared and "does not know the samples before" in why_not
    assert of(second, "gradients.weights") == (True, "")


@pytest.mark.parametrize("rule", [Rule(weight_decay=0.01), Rule(clip_norm=0.01)], ids=["decay", "clipping"])
def test_what_changes_gradients_is_compared_at_any_sample(digits: Dataset, rule: Rule) -> None:
    pytest.importorskip("torch")
    stack = stack_with(rule, digits)
    beside = Beside("torch", stack, 784)
    for number in range(3):
        along = beside.go_along(sample(stack, digits, number))
        assert along.first is None and of(along, "after.weights") == (True, "")


def test_the_stack_keeps_its_weights_of_now_while_an_older_sample_goes_along(digits: Dataset) -> None:
    pytest.importorskip("torch")
    stack = stack_with(Rule(), digits)
    frames, beside = sample(stack, digits, 0), Beside("torch", stack, 784)
    now = {name: array.copy() for name, array in stack.parameters_of(0).items()}
    assert beside.go_along(frames).first is None
    for name, array in stack.parameters_of(0).items():
        np.testing.assert_array_equal(array, now[name])


def test_a_wrong_number_is_found_where_it_is(digits: Dataset) -> None:
    pytest.importorskip("torch")
    stack = stack_with(Rule(), digits)
    activation = stack.layers[1]
    right = activation.backward_propagation
    activation.backward_propagation = lambda dE_dY, rate: right(dE_dY, rate) * 1.01  # type: ignore[method-assign]
    along = Beside("torch", stack, 784).go_along(sample(stack, digits, 0))
    assert along.parts_at == (8, "input_gradient") and "step 9, backward tanh 2, dE/dX" in along.verdict
