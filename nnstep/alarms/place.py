"""Where in the code an alarm's layer or loss is written."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nnstep.adapting import HomeworkStack
from nnstep.layers import ActivationLayer
from nnstep.stack import Stack
from nnstep.student_layer import StudentLayer


def code_place(stack: Stack, layer: int | None, phase: str) -> tuple[str, int] | None:
    """File and first line of what runs at a layer, or at the loss where it is None.

    Args:
        stack: where the layer is.
        layer: its index.
        phase: forward, loss or backward.

    Returns:
        The file, relative to the working directory where it is inside; None where there is no Python source.
    """
    function = inspect.unwrap(_function(stack, layer, phase))
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    file = Path(code.co_filename.partition("#")[0])  # a file that was loaded again is called path#2
    line = code.co_firstlineno
    shown = str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)
    if isinstance(stack, HomeworkStack) and code.co_filename == stack.homework.code.path:
        cell, _, within = stack.homework.place(line).partition(", line ")
        if within:
            return f"{shown}, {cell}", int(within)
    return shown, line


def _function(stack: Stack, layer: int | None, phase: str) -> Callable[..., Any]:
    if layer is None:
        function: Callable[..., Any] = getattr(stack.loss.function, "original", stack.loss.function)
        return function
    chosen = stack.layers[layer]
    if isinstance(chosen, StudentLayer):
        chosen = chosen.original
    if isinstance(chosen, ActivationLayer):
        return chosen.activation.function if phase == "forward" else chosen.activation.derivative
    return chosen.forward_propagation if phase == "forward" else chosen.backward_propagation
