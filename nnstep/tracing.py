"""Writes frames for people as text, and for programs as JSON and .npz."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nnstep.layers import Array
from nnstep.stack import Arrays
from nnstep.stepping import Frame
from nnstep.tensors import kept_symbol

SMALL = 16

SINGLE = ("input", "output", "target", "output_gradient", "input_gradient")
GROUPS = ("gradients", "before", "after", "details", "state", "state_after")


def symbols(frame: Frame) -> dict[str, str]:
    """What the arrays of a frame are called on screen and in text."""
    if frame.step.phase == "loss":
        return {"input": "ŷ", "output": "E", "target": "y", "input_gradient": "dE/dŷ"}
    return {"input": "X", "output": "Y", "output_gradient": "dE/dY", "input_gradient": "dE/dX"}


def tensors(frame: Frame) -> Iterator[tuple[str, Array]]:
    """All arrays of a frame, each with its name: `input`, `gradients.weights`, `after.bias` and so on."""
    for name in SINGLE:
        array = getattr(frame, name)
        if array is not None:
            yield name, array
    for group in GROUPS:
        arrays: Arrays = getattr(frame, group)
        for name, array in arrays.items():
            yield f"{group}.{name}", array


def as_json(frame: Frame) -> dict[str, Any]:
    """A frame as JSON's own types, in full precision."""
    report: dict[str, Any] = {
        "index": frame.step.index,
        "phase": frame.step.phase,
        "layer": frame.step.layer,
        "name": frame.step.name,
    }
    for name in SINGLE:
        array = getattr(frame, name)
        if array is not None:
            report[name] = plain(array)
    for group in GROUPS:
        arrays: Arrays = getattr(frame, group)
        if arrays:
            report[group] = {name: plain(array) for name, array in arrays.items()}
    return report


def as_arrays(frames: Sequence[Frame]) -> dict[str, Array]:
    """All arrays of all frames in one mapping, such as `8.gradients.weights` for the step with index 8."""
    return {f"{frame.step.index}.{name}": array for frame in frames for name, array in tensors(frame)}


def as_text(frame: Frame) -> str:
    """A block for a person: the step, then its arrays with shape and statistics, small ones in full."""
    step, called = frame.step, symbols(frame)
    lines = [f"step {step.index + 1} of {frame.count}   {step.phase}   {step.name}"]
    for name, array in tensors(frame):
        group, _, rest = name.partition(".")
        kept = kept_symbol(name) if group in ("details", "state", "state_after") else f"{rest} {group}"
        label = called.get(name) or {"gradients": f"dE/d {rest}"}.get(group, kept)
        lines += _tensor_lines(label, array)
    if frame.derived:
        lines.append("    gradients are −(after − before)/η: the layer does not name its own")
    return "\n".join(lines)


def statistics(array: Array) -> str:
    """Shape, range, mean, share of zeros, and NaNs or infinities where there are any."""
    finite = array[np.isfinite(array)]
    shape = "(" + ", ".join(map(str, array.shape)) + ")"
    if not finite.size:
        return f"{shape}  nothing finite"
    text = f"{shape}  {finite.min():.4g} … {finite.max():.4g}  mean {finite.mean():.4g}"
    zeros = np.count_nonzero(array == 0) / array.size
    text += f"  zeros {zeros:.0%}" if zeros else ""
    bad = array.size - finite.size
    return text + (f"  NaN or infinite: {bad}" if bad else "")


def plain(array: Array) -> Any:
    """Nested lists with null for what JSON has no number for."""
    if np.all(np.isfinite(array)):
        return array.tolist()
    values = array.astype(object)
    values[~np.isfinite(array)] = None
    return values.tolist()


def _tensor_lines(label: str, array: Array) -> list[str]:
    if array.ndim == 0:
        return [f"  {label:16} {float(array):.6g}"]
    lines = [f"  {label:16} {statistics(array)}"]
    if array.size <= SMALL:
        lines.append("    " + " ".join(f"{value:.5g}" for value in array.ravel()))
    return lines
