import copy
import importlib.util
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.layers import ActivationLayer, AffineLayer
from nnstep.losses import LOSSES, Loss
from nnstep.network import Network
from nnstep.optimizers import Rule
from nnstep.source import Function, running_source
from nnstep.stack import Stack
from nnstep.stepping import Frame, run_steps

HOMEWORK = '''\
import numpy as np


def clipped(x):
    """Keeps x within ±1."""
    if np.any(np.abs(x) > 1):
        x = np.clip(
            x,
            -1,
            1,
        )
    else:
        x = x + 0
    return x


class Homework:
    def __init__(self):
        self.W = np.array([[1.0, 2.0], [3.0, 4.0]])
        self.calls = []

    def forward_propagation(self, x):
        """Y = X W.

        With both numbers kept within ±1.
        """
        self.x = x
        self.calls.append("forward")
        y = clipped(x) @ self.W
        return y

    def backward_propagation(self, grad, lr):
        back = grad @ self.W.T
        if lr > 5:
            raise ValueError("too fast")
        self.W -= lr * (
            self.x.T
            @ grad
        )
        return back
'''


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., ModuleType]:
    """Writes a student's file and imports it."""

    def loaded(text: str, name: str = "homework") -> ModuleType:
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return loaded


def stepped(layers: list, X: list, rate: float = 0.1, loss: Loss = LOSSES["mse"]) -> tuple[Stack, list[Frame]]:
    stack = Stack(layers, loss)
    X = np.array(X, float)
    return stack, list(run_steps(stack, X, np.zeros((1, 2)), rate))


def run_lines(function: Function) -> list[str]:
    return [text.strip() for number, text in function.lines if number in function.ran]


def all_lines(function: Function) -> list[str]:
    return [text for _, text in function.lines]


def test_a_students_method_comes_first_then_the_helper_that_it_calls(load: Callable[..., ModuleType]) -> None:
    stack, frames = stepped([load(HOMEWORK).Homework()], [[0.5, 3]])
    method, helper = running_source(stack, frames[0], frames)
    assert (method.name, method.file) == ("Homework.forward_propagation", "homework.py")
    assert (helper.name, helper.file, helper.note) == ("clipped", "homework.py", "")
    assert run_lines(method)[-2:] == ["y = clipped(x) @ self.W", "return y"]


def test_line_numbers_are_those_of_the_file_and_docstrings_are_left_out(load: Callable[..., ModuleType]) -> None:
    stack, frames = stepped([load(HOMEWORK).Homework()], [[0.5, 3]])
    in_file = HOMEWORK.splitlines()
    for function in running_source(stack, frames[0], frames):
        assert in_file[function.first - 1].strip() == function.lines[0][1]
        assert all(in_file[number - 1].endswith(text) for number, text in function.lines)
        assert not any('"""' in text or "With both" in text for text in all_lines(function))
        assert function.lines[0][1].startswith("def ")


def test_a_branch_that_is_not_taken_is_not_marked_and_a_long_statement_is_marked_whole(
    load: Callable[..., ModuleType],
) -> None:
    stack, frames = stepped([load(HOMEWORK).Homework()], [[0.5, 3]])
    helper = running_source(stack, frames[0], frames)[1]
    taken = ["if np.any(np.abs(x) > 1):", "x = np.clip(", "x,", "-1,", "1,", ")", "return x"]
    assert run_lines(helper) == taken

    stack, frames = stepped([load(HOMEWORK).Homework()], [[0.5, 0]])
    helper = running_source(stack, frames[0], frames)[1]
    assert run_lines(helper) == ["if np.any(np.abs(x) > 1):", "x = x + 0", "return x"]


def test_a_backward_step_shows_backward_alone(load: Callable[..., ModuleType]) -> None:
    stack, frames = stepped([load(HOMEWORK).Homework()], [[0.5, 3]])
    (method,) = running_source(stack, frames[-1], frames)
    assert method.name == "Homework.backward_propagation"
    update = ["self.W -= lr * (", "self.x.T", "@ grad", ")"]
    assert run_lines(method) == ["back = grad @ self.W.T", "if lr > 5:", *update, "return back"]


def test_the_layer_stays_as_it_was_and_so_does_the_trace_function(load: Callable[..., ModuleType]) -> None:
    layers = [load(HOMEWORK).Homework(), AffineLayer(2, 2), ActivationLayer("tanh")]
    stack, frames = stepped(layers, [[0.5, 3]])
    before = [copy.deepcopy(vars(layer)) for layer in layers]
    arrays = [{name: id(value) for name, value in vars(layer).items()} for layer in layers]

    def tracer(frame: object, event: str, argument: object) -> None:
        return None

    previous = sys.gettrace()
    sys.settrace(tracer)
    try:
        for frame in frames:
            running_source(stack, frame, frames)
        left = sys.gettrace()
    finally:
        sys.settrace(previous)
    assert left is tracer
    for layer, attributes, ids in zip(layers, before, arrays, strict=True):
        assert {name: id(value) for name, value in vars(layer).items()} == ids
        for name, value in attributes.items():
            assert np.array_equal(getattr(layer, name), value), name


def test_a_method_that_raises_shows_its_source_without_running_lines(load: Callable[..., ModuleType]) -> None:
    stack, frames = stepped([load(HOMEWORK).Homework()], [[0.5, 3]])
    fast = Frame(
        frames[-1].step,
        frames[-1].count,
        9.0,
        frames[-1].input,
        output_gradient=frames[-1].output_gradient,
        before=frames[-1].before,
    )
    previous = sys.gettrace()
    (method,) = running_source(stack, fast, frames)
    assert sys.gettrace() is previous
    assert method.name == "Homework.backward_propagation" and not method.ran
    assert '        raise ValueError("too fast")' in all_lines(method)


SLOW = """\
class Slow:
    def forward_propagation(self, x):
        for _ in range(100_000):
            pass
        return x

    def backward_propagation(self, grad, lr):
        try:
            for _ in range(100_000):
                pass
        except:
            pass
        return grad
"""


def test_a_method_that_takes_too_long_shows_its_source_without_running_lines(load: Callable[..., ModuleType]) -> None:
    stack, frames = stepped([load(SLOW).Slow()], [[1, 2]])
    for frame, name in ((frames[0], "Slow.forward_propagation"), (frames[-1], "Slow.backward_propagation")):
        (method,) = running_source(stack, frame, frames, patience=0.0)
        assert (method.name, method.ran, method.note) == (name, frozenset(), "")
    assert "    for _ in range(100_000):" in all_lines(running_source(stack, frames[0], frames, patience=0.0)[0])
    (patient,) = running_source(stack, frames[0], frames, patience=60)
    assert len(patient.ran) == 3


def test_a_class_without_a_file_says_that_its_source_cannot_be_found() -> None:
    room: dict = {}
    exec(SLOW.replace("100_000", "2"), room)
    stack, frames = stepped([room["Slow"]()], [[1, 2]])
    (method,) = running_source(stack, frames[0], frames)
    assert method.lines == () and not method.ran
    assert method.note == "the source of Slow.forward_propagation cannot be found"


def test_what_is_not_written_in_python_has_no_source_but_its_python_parts_have() -> None:
    stack, frames = stepped([ActivationLayer("identity")], [[1, 2]], loss=Loss("max", max_error, np.subtract))
    gradient = running_source(stack, frames[2], frames)
    assert [function.note for function in gradient] == ["the source of subtract cannot be found"]
    assert [function.name for function in running_source(stack, frames[1], frames)] == ["max_error"]


def max_error(y_true, y_pred):
    return float(np.max(np.median(np.abs(y_true - y_pred))))  # the median is written in Python, inside numpy


def test_an_edited_file_is_read_anew(load: Callable[..., ModuleType], tmp_path: Path) -> None:
    stack, frames = stepped([load(HOMEWORK).Homework()], [[0.5, 3]])
    running_source(stack, frames[0], frames)
    edited = HOMEWORK.replace("        return y\n", "        return y  # the answer\n")
    (tmp_path / "homework.py").write_text(edited, encoding="utf-8")
    assert all_lines(running_source(stack, frames[0], frames)[0])[-1] == "    return y  # the answer"
    (tmp_path / "homework.py").write_text("# a line more\n" + edited, encoding="utf-8")
    moved = running_source(stack, frames[0], frames)[0]
    assert moved.note == "the source of Homework.forward_propagation cannot be found"


def test_a_file_with_a_mistake_in_it_has_no_source(load: Callable[..., ModuleType], tmp_path: Path) -> None:
    stack, frames = stepped([load(HOMEWORK).Homework()], [[0.5, 3]])
    (tmp_path / "homework.py").write_text(HOMEWORK + "def (", encoding="utf-8")
    (method,) = running_source(stack, frames[0], frames)
    assert method.note and not method.lines


NESTED = """\
import functools

import numpy as np


def counted(method):
    @functools.wraps(method)
    def wrapper(*arguments):
        return method(*arguments)

    return wrapper


def a(x): return b(x)
def b(x): return c(x)
def c(x): return d(x)
def d(x): return e(x)
def e(x): return f(x)
def f(x): return x


class Nested:
    @counted
    def forward_propagation(self, x):
        with np.errstate(
            all="ignore",
        ):
            rows = [
                v * 2
                for v in x
            ]
        # nothing runs here
        square = lambda v: v * v
        try:
            return a(square(np.array(rows)))
        except ValueError:
            return x

    def backward_propagation(self, grad, lr):
        print("backward", np.random.rand())
        return grad


shifted = [
    lambda x: (
        x + 1
    ),
    lambda x: 0 * x + 1,
]
"""


def test_functions_inside_a_function_are_marked_in_its_own_source(load: Callable[..., ModuleType]) -> None:
    stack, frames = stepped([load(NESTED).Nested()], [[1, 2]])
    functions = running_source(stack, frames[0], frames)
    # The method; the wrapper around it; then a, b, c, d of six helpers: six in all.
    names = ["Nested.forward_propagation", "wrapper", "a", "b", "c", "d"]
    assert [function.name for function in functions] == names
    assert functions[0].lines[0][1] == "@counted"
    assert run_lines(functions[0]) == [
        *("with np.errstate(", 'all="ignore",', "):"),
        *("rows = [", "v * 2", "for v in x", "]"),
        *("square = lambda v: v * v", "try:", "return a(square(np.array(rows)))"),
    ]


def test_plain_functions_of_an_activation_are_found(load: Callable[..., ModuleType]) -> None:
    shifted = load(NESTED).shifted
    stack, frames = stepped([ActivationLayer(*shifted)], [[1, 2]])
    forward, backward = (running_source(stack, frame, frames)[1] for frame in (frames[0], frames[-1]))
    assert forward.name == "lambda"
    assert all_lines(forward) == ["lambda x: (", "    x + 1", "),"] == run_lines_kept(forward)
    assert all_lines(backward) == ["lambda x: 0 * x + 1,"] == run_lines_kept(backward)


def run_lines_kept(function: Function) -> list[str]:
    return [text for number, text in function.lines if number in function.ran]


def test_looking_prints_nothing_and_draws_no_random_numbers(
    load: Callable[..., ModuleType], capsys: pytest.CaptureFixture[str]
) -> None:
    stack, frames = stepped([load(NESTED).Nested()], [[1, 2]])
    capsys.readouterr()
    np.random.seed(5)
    random.seed(5)
    expected = np.random.RandomState(5).rand()
    assert running_source(stack, frames[-1], frames)[0].ran
    assert capsys.readouterr().out == ""
    assert np.random.rand() == expected
    assert random.random() == random.Random(5).random()


SHARED = """\
class Switch:
    def forward_propagation(self, x):
        self.large = x.max() > 1
        return x + 1

    def backward_propagation(self, grad, lr):
        if self.large:
            return grad
        return 0 * grad
"""


def test_one_layer_at_two_places_finds_what_its_last_forward_call_left(load: Callable[..., ModuleType]) -> None:
    switch = load(SHARED).Switch()
    # X = [0, 1] the first time, [1, 2] the second: what is kept is "large", for both backward steps.
    stack, frames = stepped([switch, switch], [[0, 1]])
    assert frames[-1].input.tolist() == [[0, 1]]
    (method,) = running_source(stack, frames[-1], frames)
    assert run_lines(method) == ["if self.large:", "return grad"]


def test_nnsteps_own_layers_show_their_source_in_each_phase(small_network: Network) -> None:
    stack, frames = stepped(small_network.layers, [[1, 0]])
    found = [running_source(stack, frame, frames) for frame in frames]
    assert [[function.name for function in functions] for functions in found] == [
        ["AffineLayer.forward_propagation"],
        ["ActivationLayer.forward_propagation", "relu"],
        ["mse"],
        ["mse_prime"],
        ["ActivationLayer.backward_propagation", "relu_prime"],
        ["AffineLayer.backward_propagation"],
    ]
    assert found[0][0].file == "layers.py" and found[2][0].file == "losses.py"
    forward, backward = found[0][0], found[5][0]
    assert run_lines(forward)[-2:] == ["self.input = X", "return X @ self.weights + self.bias"]
    assert not any("raise" in text for text in run_lines(forward))
    assert "self.bias -= learning_rate * self.bias_gradient" in run_lines(backward)
    assert run_lines(found[3][0]) == ["return -2 * (y_true - y_pred) / y_true.size"]


def test_the_optimizers_lines_follow_the_layers() -> None:
    network = build_network("4,3,tanh,2")
    stack = Stack(network.layers, network.loss)
    stack.use_rule(Rule("momentum", 0.1))
    frames = list(run_steps(stack, np.ones((1, 4)), np.eye(2)[:1], 0.1))
    names = [function.name for function in running_source(stack, frames[-1], frames)]
    assert names == [
        "AffineLayer.backward_propagation",
        "Optimizer.update",
        "Optimizer.prepared",
        "clipping",
        "Momentum.descend",
    ]
    assert stack.state()["0.updates"] == 1
