"""What a student changed of one sample: inputs of layers (pixels are those of the first), and the label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nnstep.layers import Array

Element = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """Changes of one sample, applied each time that it runs.

    Attributes:
        inputs: the new value of an element of X, by layer (from 0) and index; layer 0 takes the pixels.
        label: another class, or None.
    """

    inputs: Mapping[tuple[int, Element], float] = field(default_factory=dict)
    label: int | None = None

    def with_input(self, layer: int, index: Element, value: float) -> Edit:
        """The same changes, and this one."""
        return replace(self, inputs={**self.inputs, (layer, index): value})

    def with_label(self, label: int) -> Edit:
        """The same changes, with another label."""
        return replace(self, label=label)

    def applied(self, layer: int, X: Array) -> Array:
        """X of a layer with the changes in it; X itself where there are none."""
        mine = {index: value for (changed, index), value in self.inputs.items() if changed == layer}
        if not mine:
            return X
        X = X.copy()
        for index, value in mine.items():
            X[index] = value
        return X

    def as_json(self) -> dict[str, Any]:
        """JSON's own types, that `from_json` reads."""
        inputs = [[layer, list(index), value] for (layer, index), value in self.inputs.items()]
        return {"inputs": inputs, "label": self.label}


def edit_from_json(known: dict[str, Any]) -> Edit:
    """Reads what `as_json` wrote; raises KeyError, TypeError or ValueError where it is something else."""
    inputs = {(int(layer), tuple(map(int, index))): float(value) for layer, index, value in known["inputs"]}
    return Edit(inputs, None if known["label"] is None else int(known["label"]))
