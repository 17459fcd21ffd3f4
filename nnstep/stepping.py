"""Runs any stack one step at a time, and records each step as a frame that cannot change any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from nnstep.edits import Edit
from nnstep.layers import Array
from nnstep.optimizers import Rule
from nnstep.stack import NO_ARRAYS, Arrays, Parameters, Stack, frozen_copies, frozen_copy

PLAIN = Rule()


def _no_arrays() -> Arrays:
    return NO_ARRAYS


@dataclass(frozen=True, slots=True)
class Step:
    """The smallest move of the debugger.

    Attributes:
        index: its place in the pass forward and back, from 0.
        phase: forward, loss or backward. The loss has two steps: E itself, then its gradient.
        layer: which layer runs, from 0; None for the two steps of the loss.
        name: what runs, such as `affine 1`.
    """

    index: int
    phase: str
    layer: int | None
    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """The record of one step. Its arrays are read-only; those that a step does not have are None or left out.

    Attributes:
        step: which step it was.
        count: how many steps there are.
        learning_rate: η of the update.
        input: X (batch, inputs) of the layer, ŷ for the steps of the loss.
        output: Y (batch, outputs) of the layer, E (one number) for the loss.
        target: y (batch, outputs), for the steps of the loss.
        output_gradient: dE/dY, of the output's shape.
        input_gradient: dE/dX, of the input's shape.
        gradients: dE/d(parameter) by name.
        before: the parameters before the step.
        after: the parameters after it, where it updates them.
        derived: the gradients are −(after − before)/η, since the layer does not name its own.
        details: what else a layer's forward call made, such as a mask.
        state: what was kept before the step and may change in it: of the layer forward, of the optimizer backward.
        state_after: the same after the step.
        rule: the optimizer.
        failed: the step raised, so that it has no result.
    """

    step: Step
    count: int
    learning_rate: float
    input: Array
    output: Array | None = None
    target: Array | None = None
    output_gradient: Array | None = None
    input_gradient: Array | None = None
    gradients: Arrays = field(default_factory=_no_arrays)
    before: Arrays = field(default_factory=_no_arrays)
    after: Arrays = field(default_factory=_no_arrays)
    derived: bool = False
    details: Arrays = field(default_factory=_no_arrays)
    state: Arrays = field(default_factory=_no_arrays)
    state_after: Arrays = field(default_factory=_no_arrays)
    rule: Rule = PLAIN
    failed: bool = False


def steps_of(stack: Stack) -> tuple[Step, ...]:
    """All steps of one sample: forward through each layer, the loss, its gradient, backward through each."""
    last = len(stack.layers) - 1
    plan: list[tuple[str, int | None, str]] = [("forward", i, name) for i, name in enumerate(stack.names)]
    plan += [("loss", None, stack.loss.name), ("loss", None, f"gradient of {stack.loss.name}")]
    plan += [("backward", last - i, name) for i, name in enumerate(reversed(stack.names))]
    return tuple(Step(index, *parts) for index, parts in enumerate(plan))


def run_steps(
    stack: Stack,
    X: Array,
    target: Array,
    learning_rate: float,
    parameters: Parameters | None = None,
    edit: Edit | None = None,
) -> Iterator[Frame]:
    """Runs one sample or batch through the stack and back, and yields a frame after each step.

    Each step really runs when its frame is asked for: a caller that stops early leaves the rest undone.

    Args:
        stack: what to run. Its parameters are updated by the backward steps.
        X: (batch, inputs).
        target: y, (batch, outputs).
        learning_rate: η of the updates.
        parameters: a snapshot of the stack as it is now, if the caller has one already.
        edit: what to change of the layers' inputs on the way.
    """
    stack.learn_parameters(X[:1])
    plan = iter(steps_of(stack))
    count = 2 * len(stack.layers) + 2
    parameters = stack.snapshot() if parameters is None else parameters
    inputs, outputs, details = [], [], []
    value = X
    for index, layer in enumerate(stack.layers):
        value = edit.applied(index, value) if edit else value
        inputs.append(frozen_copy(value))
        state = frozen_copies(stack.state_of(index))
        value = layer.forward_propagation(value)
        outputs.append(frozen_copy(value))
        details.append(frozen_copies(_details(layer)))
        yield Frame(
            next(plan),
            count,
            learning_rate,
            inputs[-1],
            output=outputs[-1],
            before=parameters[index],
            details=details[-1],
            state=state,
            state_after=frozen_copies(stack.state_of(index)) if state else NO_ARRAYS,
        )

    y_true, y_pred = frozen_copy(target), outputs[-1]
    error = frozen_copy(np.asarray(stack.loss.function(target, value)))
    yield Frame(next(plan), count, learning_rate, y_pred, output=error, target=y_true)
    gradient = stack.loss.gradient(target, value)
    kept = frozen_copy(gradient)
    yield Frame(next(plan), count, learning_rate, y_pred, output=error, target=y_true, input_gradient=kept)

    for index in reversed(range(len(stack.layers))):
        output_gradient = kept
        moments = frozen_copies(stack.moments_of(index))
        gradient, found = stack.descend(index, gradient, learning_rate)
        kept = frozen_copy(gradient)
        frame = _backward_frame(
            stack, next(plan), learning_rate, parameters, inputs[index], outputs[index], output_gradient, kept
        )
        if stack.optimizers:
            gradients = frame.gradients if found is None else frozen_copies(found)
            after = frozen_copies(stack.moments_of(index))
            frame = replace(frame, gradients=gradients, state=moments, state_after=after, rule=stack.rule)
        yield replace(frame, details=details[index]) if details[index] else frame


def failing_frame(
    stack: Stack, done: Sequence[Frame], X: Array, target: Array, parameters: Parameters, edit: Edit | None = None
) -> Frame:
    """The step that raised, with what went in; it has no result.

    Args:
        stack: what was run.
        done: the frames of the steps before it.
        X: (batch, inputs) of the first layer.
        target: y, (batch, outputs).
        parameters: a snapshot from before the first step.
        edit: what was changed of the layers' inputs on the way.
    """
    steps, layers = steps_of(stack), len(stack.layers)
    step = steps[len(done)]
    value = done[min(len(done), layers) - 1].output if done else X
    assert value is not None
    frame = Frame(step, len(steps), done[0].learning_rate if done else 0.0, frozen_copy(value), failed=True)
    if step.layer is None:
        return replace(frame, target=frozen_copy(target), output=done[layers].output if len(done) > layers else None)
    if step.phase == "forward":
        value = edit.applied(step.layer, value) if edit else value
        return replace(frame, input=frozen_copy(value), before=parameters[step.layer])
    forward = done[step.layer]
    return replace(
        frame,
        input=forward.input,
        output=forward.output,
        output_gradient=done[-1].input_gradient,
        before=parameters[step.layer],
        details=forward.details,
    )


def _backward_frame(
    stack: Stack,
    step: Step,
    learning_rate: float,
    parameters: Parameters,
    input: Array,
    output: Array,
    output_gradient: Array,
    input_gradient: Array,
) -> Frame:
    assert step.layer is not None
    before = parameters[step.layer]
    after = frozen_copies(stack.parameters_of(step.layer))
    named = getattr(stack.layers[step.layer], "gradients", None)
    derived = not isinstance(named, dict)
    exact: Arrays = named if isinstance(named, dict) else NO_ARRAYS
    gradients = _derived(before, after, learning_rate) if derived else frozen_copies(exact)
    return Frame(
        step,
        2 * len(stack.layers) + 2,
        learning_rate,
        input,
        output=output,
        output_gradient=output_gradient,
        input_gradient=input_gradient,
        gradients=gradients,
        before=before,
        after=after,
        derived=derived and bool(before),
    )


def snapshot_before(frames: Sequence[Frame]) -> Parameters:
    """A snapshot of the stack before the first of all frames of a sample."""
    return _snapshot(frames, [frame.before for frame in frames if frame.step.phase == "forward"], "state")


def snapshot_after(frames: Sequence[Frame]) -> Parameters:
    """A snapshot of the stack after the last of all frames of a sample."""
    backward = [frame.after for frame in frames if frame.step.phase == "backward"]
    return _snapshot(frames, backward[::-1], "state_after")


def _snapshot(frames: Sequence[Frame], parameters: Sequence[Arrays], state: str) -> Parameters:
    kept = {f"{frame.step.layer}.{name}": array for frame in frames for name, array in getattr(frame, state).items()}
    return (*parameters, MappingProxyType(kept)) if kept else tuple(parameters)


def _details(layer: object) -> Arrays:
    found: Arrays = getattr(layer, "details", {})
    return found if isinstance(found, dict) else {}


def _derived(before: Arrays, after: Arrays, learning_rate: float) -> Arrays:
    if learning_rate == 0:
        return NO_ARRAYS
    return frozen_copies({name: (before[name] - after[name]) / learning_rate for name in before})


def outcome_of(frames: Sequence[Frame]) -> tuple[float, int]:
    """The loss and the predicted class of a sample, from its frames."""
    frame = next(frame for frame in frames if frame.step.phase == "loss")
    assert frame.output is not None
    return float(frame.output), int(frame.input.argmax())


def loss_of(frames: Sequence[Frame]) -> float | None:
    """The loss of a sample, None where its frames end before that."""
    frame = next((frame for frame in frames if frame.step.phase == "loss"), None)
    return None if frame is None or frame.output is None else float(frame.output)


def says_of(frames: Sequence[Frame]) -> int | None:
    """The predicted class of a sample, None where its frames end before that."""
    frame = next((frame for frame in frames if frame.step.phase == "loss"), None)
    return None if frame is None else int(frame.input.argmax())
