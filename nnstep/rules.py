"""The rule of each step in one line of standard notation, and which tensors it is about."""

from __future__ import annotations

from nnstep.layers import ActivationLayer, AffineLayer, Array
from nnstep.recognized import activation_of, affine_of
from nnstep.stepping import Frame


def rule(frame: Frame, layer: object | None) -> str:
    """What the step computes, with the shapes of what goes in and out."""
    if layer is None:
        if frame.input_gradient is None:
            return f"E = {frame.step.name}(y, ŷ), one number for how wrong the outputs are"
        return "dE/dŷ: how E changes with each output" + _squares(frame)
    if frame.step.phase == "forward":
        return f"{_forward(layer, frame)}   {_shape(frame.input)} → {_shape(frame.output)}"
    return f"{_backward(layer, frame)}   {_shape(frame.output_gradient)} → {_shape(frame.input_gradient)}"


def shown_tensors(frame: Frame) -> list[tuple[str, Array]]:
    """The tensors of a frame with their symbols, those first that the step is about."""
    chosen: list[tuple[str, Array | None]]
    if frame.step.phase == "loss":
        chosen = [("ŷ", frame.input), ("y", frame.target), ("dE/dŷ", frame.input_gradient)]
    elif frame.step.phase == "forward":
        chosen = [("X input", frame.input), ("Y output", frame.output)]
        chosen += [(_symbol(name), array) for name, array in frame.before.items()]
    else:
        chosen = [("dE/dY", frame.output_gradient), ("dE/dX", frame.input_gradient), ("X input", frame.input)]
        for name, after in frame.after.items():
            gradient = frame.gradients.get(name)
            chosen += [
                (f"{_symbol(name)} before", frame.before.get(name)),
                (f"dE/d{_symbol(name)}", gradient),
                (f"{_symbol(name)} after", after),
            ]
        chosen.append(("Y output", frame.output))
    return [(symbol, array) for symbol, array in chosen if array is not None]


def _forward(layer: object, frame: Frame) -> str:
    if isinstance(layer, AffineLayer):
        return "Y = X W + b"
    if isinstance(layer, ActivationLayer):
        return f"Y = {layer!r}(X)"
    form, activation = affine_of(frame), activation_of(frame)
    if form:
        W = _symbol(form.weights) + ("ᵀ" if form.transposed else "")
        return f"Y = X {W}" + (f" + {_symbol(form.bias)}" if form.bias else "")
    return f"Y = {activation.name}(X)" if activation else "Y = forward_propagation(X)"


def _backward(layer: object, frame: Frame) -> str:
    if isinstance(layer, AffineLayer):
        return "dE/dX = dE/dY Wᵀ   dE/dW = Xᵀ dE/dY   W ← W − η dE/dW"
    if isinstance(layer, ActivationLayer):
        return f"dE/dX = dE/dY ∘ {layer!r}′(X)"
    return "dE/dX = backward_propagation(dE/dY, η)"


def _squares(frame: Frame) -> str:
    return f" = −2 (y − ŷ) / {frame.input.size}" if "mean squared error" in frame.step.name else ""


def _shape(array: Array | None) -> str:
    return "" if array is None else "(" + ", ".join(map(str, array.shape)) + ")"


def _symbol(name: str) -> str:
    return {"weights": "W", "bias": "b"}.get(name, name)
