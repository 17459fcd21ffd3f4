"""The rule of each step in one line of standard notation, and which tensors it is about."""

from __future__ import annotations

from nnstep.batchnorm import BatchNormLayer
from nnstep.convolution import ConvLayer
from nnstep.dropout import DropoutLayer
from nnstep.layers import ActivationLayer, AffineLayer, Array, SoftmaxLayer
from nnstep.pooling import AveragePoolLayer, FlattenLayer, MaxPoolLayer
from nnstep.stepping import Frame


def rule(frame: Frame, layer: object | None) -> str:
    """What the step computes, with the shapes of what goes in and out."""
    if layer is None:
        if frame.input_gradient is None:
            return f"E = {frame.step.name}(y, ŷ), one number for how wrong the outputs are"
        return "dE/dŷ: how E changes with each output" + _loss_gradient(frame)
    if frame.step.phase == "forward":
        return f"{_forward(layer)}   {_shape(frame.input)} → {_shape(frame.output)}"
    return f"{_backward(frame, layer)}   {_shape(frame.output_gradient)} → {_shape(frame.input_gradient)}"


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


FORWARD: dict[type, str] = {
    AffineLayer: "Y = X W + b",
    SoftmaxLayer: "Y = e^X / Σ e^X",
    ConvLayer: "Y[y,x,k] = Σ X[y+i,x+j,c] W[i,j,c,k] + b[k]",
    MaxPoolLayer: "Y[y,x,c] = the largest X of each window",
    AveragePoolLayer: "Y[y,x,c] = the mean X of each window",
    FlattenLayer: "Y = X as one row",
    DropoutLayer: "Y = X ∘ mask / (1 − rate), in evaluation Y = X",
    BatchNormLayer: "Y = γ (X − mean)/√variance + β of the batch, in evaluation of the running ones",
}
BACKWARD: dict[type, str] = {
    AffineLayer: "dE/dX = dE/dY Wᵀ   dE/dW = Xᵀ dE/dY",
    SoftmaxLayer: "dE/dX = Y ∘ (dE/dY − Σ dE/dY Y)",
    ConvLayer: "dE/dX = Σ dE/dY W over its windows   dE/dW = Σ X dE/dY",
    MaxPoolLayer: "dE/dX = dE/dY of the windows where X is the largest, else 0",
    AveragePoolLayer: "dE/dX = Σ dE/dY of its windows / their size",
    FlattenLayer: "dE/dX = dE/dY in X's shape",
    DropoutLayer: "dE/dX = dE/dY ∘ mask / (1 − rate)",
    BatchNormLayer: "dE/dX = γ/√variance (dE/dY − mean(dE/dY) − x̂ mean(dE/dY x̂))",
}
UPDATES = {
    "sgd": "W ← W − η dE/dW",
    "momentum": "V ← 0.9 V + dE/dW   W ← W − η V",
    "nesterov": "V ← 0.9 V + dE/dW   W ← W − η (dE/dW + 0.9 V)",
    "rmsprop": "S ← 0.99 S + 0.01 (dE/dW)²   W ← W − η dE/dW/√S",
    "adam": "M, V ← moving means of dE/dW, (dE/dW)²   W ← W − η m̂/√v̂",
    "adamw": "M, V ← moving means of dE/dW, (dE/dW)²   W ← W − η m̂/√v̂ − η λ W",
}


def _forward(layer: object) -> str:
    if isinstance(layer, ActivationLayer):
        return f"Y = {layer!r}(X)"
    return FORWARD.get(type(layer), "Y = forward_propagation(X)")


def _backward(frame: Frame, layer: object) -> str:
    if isinstance(layer, ActivationLayer):
        return f"dE/dX = dE/dY ∘ {layer!r}′(X)"
    found = BACKWARD.get(type(layer), "dE/dX = backward_propagation(dE/dY, η)")
    learns = bool(frame.after) and (type(layer) in BACKWARD or not frame.rule.plain)
    update = UPDATES[frame.rule.name].replace("W", "γ" if isinstance(layer, BatchNormLayer) else "W")
    return f"{found}   {update}" if learns else found


def _loss_gradient(frame: Frame) -> str:
    name, n = frame.step.name, len(frame.input)
    over = f" / {n}" if n > 1 else ""
    if "mean squared error" in name:
        return f" = −2 (y − ŷ) / {frame.input.size}"
    if "softmax cross-entropy" in name:
        return f" = (softmax(ŷ) − y){over}"
    return f" = −y / ŷ{over}" if "cross-entropy" in name else ""


def _shape(array: Array | None) -> str:
    return "" if array is None else "(" + ", ".join(map(str, array.shape)) + ")"


def _symbol(name: str) -> str:
    return {"weights": "W", "bias": "b"}.get(name, name)
