"""The source of what a step runs, with the lines that ran, for any layer that is written in Python."""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import io
import linecache
import random
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, TypeAlias

import numpy as np

from nnstep.stack import Stack
from nnstep.stepping import Frame

MOST_FUNCTIONS = 6
_BETWEEN = ("student_layer", "student_loss", "student_code", "parameters")
ADAPTERS = {str(Path(__file__).parent / f"{name}.py") for name in _BETWEEN}
PATIENCE = 0.5

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Call: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Function:
    """One function that a step ran.

    Attributes:
        name: such as `AffineLayer.backward_propagation` or `tanh_prime`.
        file: the name of its file, without folders.
        first: the number of its first line in the file, from 1.
        lines: its source as pairs of line number and text, without its docstring and without the indentation that
            all have.
        ran: the numbers of the lines that ran; empty where that is not known.
        note: says what is missing, empty where nothing is.
    """

    name: str
    file: str
    first: int
    lines: tuple[tuple[int, str], ...] = ()
    ran: frozenset[int] = frozenset()
    note: str = ""


def running_source(
    stack: Stack,
    frame: Frame,
    frames: Sequence[Frame],
    patience: float = PATIENCE,
    raised_at: tuple[str, int] | None = None,
) -> tuple[Function, ...]:
    """The functions that one step runs: the layer's method (or the loss), then those that it calls.

    To see which lines run, the step runs once more on a copy of the layer, which is then thrown away. Where that
    raises or takes too long, the method's source is given without running lines.

    Args:
        stack: where the step's layer is.
        frame: the step.
        frames: the steps of the same sample, of which a backward step needs the layer's forward one.
        patience: for how many seconds the lines are followed.
        raised_at: file and line where the step raised; it is not run again then, and this line is marked alone.

    Returns:
        At most six functions in the order of their first call. Those of numpy and of Python itself are left out.
    """
    recorder = _Recorder(patience)
    if raised_at:
        recorder.ran.add(raised_at)
        return _sources(_called(stack, frame), recorder)
    try:
        with undisturbed(), unchanged(stack):
            stack.guard(lambda: recorder.follow(*_on_a_copy(stack, frame, frames)))
            if not frame.rule.plain and frame.after:
                recorder.follow(*_update_of_copies(stack, frame))
    except (Exception, _TooLong):
        recorder.forget()
    return _sources(_called(stack, frame), recorder)[:MOST_FUNCTIONS]


def _sources(called: Callable[..., Any], recorder: _Recorder) -> tuple[Function, ...]:
    """The source of what the step calls, then of what ran in it and is not written inside a function before it."""
    main = _code_of(called)
    codes = [code for code in recorder.codes.values() if code is not main]
    functions = [_function(main, recorder.ran) if main else _not_found(called)]
    covered = _places(main, functions[0]) if main else set()
    for code in codes:
        function = _function(code, recorder.ran)
        if function.lines and (code.co_filename, code.co_firstlineno) not in covered:
            functions.append(function)
            covered |= _places(code, function)
    return tuple(functions)


def _places(code: CodeType, function: Function) -> set[tuple[str, int]]:
    return {(code.co_filename, number) for number, _ in function.lines}


def _called(stack: Stack, frame: Frame) -> Callable[..., Any]:
    """What the step calls."""
    if frame.step.layer is None:
        function = stack.loss.function if frame.input_gradient is None else stack.loss.gradient
        return getattr(function, "original", function)
    layer = stack.layers[frame.step.layer]
    layer = getattr(layer, "original", layer)
    return layer.forward_propagation if frame.step.phase == "forward" else layer.backward_propagation


def _on_a_copy(stack: Stack, frame: Frame, frames: Sequence[Frame]) -> Call:
    """What the step calls, of a copy that stands as the layer did then, and the arguments of the call."""
    if frame.step.layer is None:
        assert frame.target is not None
        function = stack.loss.function if frame.input_gradient is None else stack.loss.gradient
        return copy.deepcopy(function), (frame.target.copy(), frame.input.copy())
    original = stack.layers[frame.step.layer]
    layer = copy.deepcopy(original)
    for name, array in frame.before.items():
        if hasattr(layer, "put_parameter"):
            layer.put_parameter(name, array)
        else:
            getattr(layer, name)[...] = array
    if frame.step.phase == "forward":
        return layer.forward_propagation, (frame.input.copy(),)
    assert frame.output_gradient is not None
    # One layer may stand at several places of a stack; then backward finds what the last forward call left.
    places = [index for index, other in enumerate(stack.layers) if other is original]
    inputs = [step.input for step in frames if step.step.phase == "forward" and step.step.layer in places]
    for X in inputs or [frame.input]:
        layer.forward_propagation(X.copy())
    return layer.backward_propagation, (frame.output_gradient.copy(), frame.learning_rate)


def _update_of_copies(stack: Stack, frame: Frame) -> Call:
    """The optimizer's update of copies of the parameters, with what it kept then."""
    assert frame.step.layer is not None
    optimizer = copy.deepcopy(stack.optimizers[frame.step.layer])
    for name, array in frame.state.items():
        optimizer.state[name][...] = array
    parameters = {name: array.copy() for name, array in frame.before.items()}
    return optimizer.update, (parameters, dict(frame.gradients), frame.learning_rate)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Keeps a trial run unnoticed: what it prints, its warnings, and the random numbers that it draws."""
    numpy_state, state = np.random.get_state(), random.getstate()
    try:
        with np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(state)


@contextlib.contextmanager
def unchanged(stack: Stack) -> Iterator[None]:
    """Puts back what students' layers share beyond a copy, such as variables of their module."""
    state = stack.keeper.capture() if stack.keeper else None
    try:
        with stack.unheard():
            yield
    finally:
        if stack.keeper and state is not None:
            stack.keeper.restore(state)


class _TooLong(BaseException):
    """Ends a trial run; no Exception, so that the code that runs does not handle it."""


class _Recorder:
    """Follows a call and records which functions and lines run.

    Attributes:
        codes: the functions by their id, in the order of their first call.
        ran: pairs of file and line number.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.forget()

    def forget(self) -> None:
        self.codes: dict[int, CodeType] = {}
        self.ran: set[tuple[str, int]] = set()

    def follow(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.end, self.late = time.perf_counter() + self.patience, False
        previous = sys.gettrace()
        sys.settrace(self._enter)
        try:
            function(*arguments)
        finally:
            sys.settrace(previous)
        if self.late:
            raise _TooLong

    def _enter(self, frame: FrameType, event: str, argument: object) -> Any:
        if _in_a_library(frame.f_code.co_filename):
            return None
        self.codes.setdefault(id(frame.f_code), frame.f_code)
        return self._line

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            self.ran.add((frame.f_code.co_filename, frame.f_lineno))
            if time.perf_counter() > self.end:
                self.late = True
                raise _TooLong
        return self._line


@lru_cache(maxsize=256)
def _in_a_library(file: str) -> bool:
    """Is this a file of numpy, or of Python itself? What is installed beside them is not."""
    path = Path(file)
    if path.is_relative_to(Path(np.__file__).parent) or file in ADAPTERS:
        return True
    if "site-packages" in path.parts or "dist-packages" in path.parts:
        return False
    return any(path.is_relative_to(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))


def _code_of(function: Callable[..., Any]) -> CodeType | None:
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _not_found(function: Callable[..., Any]) -> Function:
    name = getattr(function, "__qualname__", type(function).__name__)
    return Function(name, "", 0, note=f"the source of {name} cannot be found")


def _function(code: CodeType, ran: set[tuple[str, int]]) -> Function:
    name = code.co_qualname.rpartition("<locals>.")[2].strip("<>")
    file, first = Path(code.co_filename).name.partition("#")[0], code.co_firstlineno
    linecache.checkcache(code.co_filename)
    text = linecache.getlines(code.co_filename)
    node = _definitions("".join(text)).get((first, code.co_name))
    if node is None:
        return Function(name, file, first, note=f"the source of {name} cannot be found")
    numbers = range(first, (node.end_lineno or first) + 1)
    hits = {line for path, line in ran if path == code.co_filename and line in numbers}
    lines = _dedented([(number, text[number - 1]) for number in numbers if number not in _docstring(node)])
    return Function(name, file, first, lines, _whole_statements(node, hits))


@lru_cache(maxsize=32)
def _definitions(text: str) -> dict[tuple[int, str], Definition]:
    """All functions of a file by their first line (of the first decorator, if any) and name."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return {}
    found: dict[tuple[int, str], Definition] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):
            found.setdefault((node.lineno, "<lambda>"), node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[min(part.lineno for part in [node, *node.decorator_list]), node.name] = node
    return found


def _docstring(node: Definition) -> range:
    """The lines of a docstring that stands on lines of its own."""
    if isinstance(node, ast.Lambda) or ast.get_docstring(node, clean=False) is None:
        return range(0)
    text = node.body[0]
    alone = len(node.body) > 1 and node.body[1].lineno > (text.end_lineno or 0) and text.lineno > node.lineno
    return range(text.lineno, (text.end_lineno or 0) + 1) if alone else range(0)


def _dedented(lines: list[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    expanded = [(number, text.rstrip().expandtabs(4)) for number, text in lines]
    indent = len(expanded[0][1]) - len(expanded[0][1].lstrip())
    return tuple((number, text[indent:] if text[:indent].isspace() else text.lstrip()) for number, text in expanded)


def _whole_statements(node: Definition, hits: set[int]) -> frozenset[int]:
    """The lines that ran, and with them all lines of their statements."""
    spans = [_span(part) for part in ast.walk(node) if isinstance(part, ast.stmt | ast.Lambda)]
    return frozenset(hits).union(*(span for span in spans if hits.intersection(span)))


def _span(node: ast.stmt | ast.Lambda) -> range:
    """The lines of a statement; of one that holds others, such as `if`, those of its head alone."""
    if not isinstance(node, ast.stmt) or not (hasattr(node, "body") or hasattr(node, "cases")):
        return range(node.lineno, (node.end_lineno or node.lineno) + 1)
    inner = (ast.stmt, ast.excepthandler, ast.match_case)
    head = [part for child in ast.iter_child_nodes(node) if not isinstance(child, inner) for part in ast.walk(child)]
    ends = (getattr(part, "end_lineno", None) or node.lineno for part in head)
    return range(node.lineno, max([node.lineno, *ends]) + 1)
