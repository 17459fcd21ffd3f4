"""Trying things in the debugger: one thing is changed, on a branch, and the sample runs again."""

from __future__ import annotations

import numpy as np

from nnstep.branches import with_rate
from nnstep.debugger import Debugger
from nnstep.edits import Edit, Element
from nnstep.errors import NnstepError
from nnstep.layers import AffineLayer, Array, initial_weights
from nnstep.stack import Stack
from nnstep.tensors import symbol_of


def change_element(debugger: Debugger, key: str, index: Element, value: float) -> None:
    """Changes an element of the tensor with this key in the current frame: of an input or of a parameter.

    A parameter has its new value from the start of the sample on, an input for this sample alone.

    Raises:
        NnstepError: that tensor is computed from others, or the value is not finite.
    """
    frame, layer = debugger.frame, debugger.frame.step.layer
    group, _, name = key.partition(".")
    if not np.isfinite(value):
        raise NnstepError(f"expected a finite number, received {value}")
    if layer is not None and group == "before":
        _change_parameter(debugger, layer, name, index, value)
    elif layer is not None and group == "input":
        what = "pixel" if layer == 0 else f"X of {frame.step.name}"
        edit = _edit_here(debugger).with_input(layer, index, value)
        _branch_off(debugger, f"{what}{_subscript(frame.input, index)} = {value:g}", edit=edit)
    elif group == "target":
        raise NnstepError("The target follows from the label", "Change the label")
    else:
        raise NnstepError(
            "This tensor is computed from others", "Change an input X, weights or a bias before the step, label or η"
        )


def change_label(debugger: Debugger, label: int) -> None:
    """Gives the current sample another label.

    Raises:
        NnstepError: there is no such class.
    """
    classes = debugger.samples.classes
    if not 0 <= label < classes:
        raise NnstepError(f"label expected from 0 to {classes - 1}, received {label}")
    _branch_off(debugger, f"label = {label}", edit=_edit_here(debugger).with_label(label))


def change_rate(debugger: Debugger, learning_rate: float) -> None:
    """Trains from the current sample on with another learning rate.

    Raises:
        NnstepError: it is negative or not finite.
    """
    settings = with_rate(debugger.branch.settings, learning_rate)
    edit = debugger.branch.edit_at(debugger.timeline.count)
    _branch_off(debugger, f"η = {learning_rate:g}", settings=settings, edit=edit)


def change_init(debugger: Debugger, rule: str) -> None:
    """Draws all affine layers' weights anew where the debugger stands, from the run's seed; their biases become zero.

    Raises:
        NnstepError: there is no such rule, or the network has no affine layer.
    """
    layers = [layer for layer in debugger.stack.layers if isinstance(layer, AffineLayer)]
    if not layers:
        raise NnstepError("this network has no affine layer whose weights could be drawn anew")
    rng = np.random.default_rng(debugger.branch.settings.seed)
    drawn = [initial_weights(rule, layer.weights.shape[0], layer.weights.shape[1], rng) for layer in layers]

    def put(stack: Stack) -> None:
        for layer, weights in zip(layers, drawn, strict=True):
            layer.weights[...], layer.bias[...] = weights, 0

    _branch_off(debugger, f"init = {rule}", change=put, edit=debugger.branch.edit_at(debugger.timeline.count))


def is_change(debugger: Debugger) -> bool:
    """The current branch began with a change, and its parent can be compared with it."""
    branch = debugger.branch
    if branch.parent is None:
        return False
    return branch.changed or branch.edit is not None or branch.settings != branch.parent.settings


def undo(debugger: Debugger) -> str:
    """Goes back to the exact state before the change with which the current branch began.

    Returns:
        What was undone.

    Raises:
        NnstepError: the branch did not begin with a change.
    """
    branch = debugger.branch
    if not is_change(debugger):
        raise NnstepError("Nothing was changed here", "Select an element and press =")
    debugger.leave(branch)
    return branch.name


def _change_parameter(debugger: Debugger, layer: int, name: str, index: Element, value: float) -> None:
    def put(stack: Stack) -> None:
        stack.parameters_of(layer)[name][index] = value

    edit = debugger.branch.edit_at(debugger.timeline.count)
    what = f"{symbol_of(name)}{_subscript(debugger.frame.before[name], index)} of {debugger.frame.step.name}"
    _branch_off(debugger, f"{what} = {value:g}", change=put, edit=edit)


def _edit_here(debugger: Debugger) -> Edit:
    return debugger.branch.edit_at(debugger.timeline.count) or Edit()


def _branch_off(debugger: Debugger, name: str, **options: object) -> None:
    cursor = debugger.cursor
    debugger.branch_off(name, **options)  # type: ignore[arg-type]
    debugger.enter(cursor)


def _subscript(array: Array, index: Element) -> str:
    shown = index[1:] if len(index) == 2 and array.shape[0] == 1 else index
    return f"[{','.join(map(str, shown))}]"
