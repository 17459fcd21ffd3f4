"""Breakpoints: on a layer, on one direction, on a condition, or on all of them at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnstep.conditions import Condition, read_condition
from nnstep.errors import NnstepError
from nnstep.expressions import Moment, Reader

PHASES = ("forward", "backward", "loss")


@dataclass(eq=False, slots=True)
class Breakpoint:
    """Where to stop.

    Attributes:
        layer: only at this layer's steps, from 0; None for any.
        phase: only forward, backward, or at the loss; None for any.
        condition: only where it holds; None for always.
        layer_name: what the layer is called.
        enabled: it is on.
        hits: how often it stopped.
    """

    layer: int | None
    phase: str | None
    condition: Condition | None
    layer_name: str = ""
    enabled: bool = True
    hits: int = 0

    @property
    def text(self) -> str:
        """As it can be written: `affine 3 backward if |dX| < 1e-7`."""
        place = " ".join(part for part in (self.layer_name, self.phase) if part)
        if self.condition is None:
            return place
        return f"{place} if {self.condition.text}" if place else self.condition.text

    def stops_at(self, moment: Moment) -> bool:
        """Whether a step is one to stop at, on or off.

        Without layer and phase, a condition on what is logged of a sample stops once a sample: at the loss where it
        needs loss or class, else at the first step.
        """
        step = moment.frame.step
        if self.layer not in (None, step.layer) or self.phase not in (None, step.phase):
            return False
        condition = self.condition
        if condition is None:
            return True
        if condition.logged and self.layer is None and self.phase is None:
            early = condition.needs <= {"label", "epoch", "sample"}
            at_loss = step.phase == "loss" and moment.frame.input_gradient is None
            if not (step.index == 0 if early else at_loss):
                return False
        return condition.holds(moment)


@dataclass(eq=False, slots=True)
class Breakpoints:
    """All breakpoints, in the order in which they were set."""

    _all: list[Breakpoint] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter(self._all)

    def __getitem__(self, number: int) -> Breakpoint:
        return self._all[number]

    def __setitem__(self, number: int, breakpoint: Breakpoint) -> None:
        self._all[number] = breakpoint

    def add(self, breakpoint: Breakpoint) -> None:
        """Sets one more."""
        self._all.append(breakpoint)

    def remove(self, number: int) -> None:
        """Removes one by its number, from 0."""
        del self._all[number]

    def toggle(self, number: int) -> None:
        """Switches one on or off."""
        self._all[number].enabled = not self._all[number].enabled

    def would_hit(self, moment: Moment) -> bool:
        """One that is on stops here."""
        return any(breakpoint.enabled and breakpoint.stops_at(moment) for breakpoint in self._all)

    def hit(self, moment: Moment) -> Breakpoint | None:
        """The first one that stops here, None where none does; counts the hit of each that does."""
        found = [breakpoint for breakpoint in self._all if breakpoint.enabled and breakpoint.stops_at(moment)]
        for breakpoint in found:
            breakpoint.hits += 1
        return found[0] if found else None

    def as_json(self) -> list[dict[str, Any]]:
        """JSON's own types, that `from_json` reads."""
        return [{"text": one.text, "enabled": one.enabled, "hits": one.hits} for one in self._all]

    @classmethod
    def from_json(
        cls, known: object, layers: Sequence[str], parameters: Collection[str] = ("weights", "bias")
    ) -> Breakpoints:
        """Reads what `as_json` wrote.

        Raises:
            NnstepError: it is something else.
        """
        try:
            assert isinstance(known, list)
            found = [parse_breakpoint(str(one["text"]), layers, parameters) for one in known]
            for breakpoint, one in zip(found, known, strict=True):
                breakpoint.enabled, breakpoint.hits = bool(one["enabled"]), int(one["hits"])
        except (AssertionError, KeyError, TypeError, ValueError):
            raise NnstepError("the breakpoints that were kept are damaged") from None
        return cls(found)


def parse_breakpoint(text: str, layers: Sequence[str], parameters: Collection[str] = ("weights", "bias")) -> Breakpoint:
    """Reads `[LAYER] [forward|backward|loss] [if] [CONDITION]`.

    Args:
        text: what a person wrote; a layer by its name (`affine 3`) or its number on the screen, from 1.
        layers: names of the network's layers.
        parameters: names of its parameters.

    Raises:
        NnstepError: it cannot be understood; says where, and what is possible.
    """
    reader = Reader(text, parameters, layers)
    if not reader.tokens:
        raise reader.error("expected a layer, a direction or a condition")
    reader.take("on")
    layer = _layer(reader)
    phase = _phase(reader)
    condition = None
    if reader.take("if", "when") or reader.peek():
        condition = read_condition(reader)
    if layer is None and phase is None and condition is None:
        raise reader.unexpected("a layer, a direction or a condition")
    return Breakpoint(layer, phase, condition, reader.layers[layer] if layer is not None else "")


def _layer(reader: Reader) -> int | None:
    start = reader.at
    layer = reader.layer_name()
    if layer is None and (reader.take("layer") or reader.kind() == "number"):
        ends_there = reader.peek(1) in ("", *PHASES, "if", "when")
        if reader.peek().isdecimal() and ends_there:
            layer = int(reader.peek()) - 1
            if not 0 <= layer < len(reader.layers):
                raise reader.error(f"there is no layer {layer + 1}: they count from 1 to {len(reader.layers)}")
            reader.take()
    if layer is None or reader.peek() == ".":
        reader.at = start
        return None
    return layer


def _phase(reader: Reader) -> str | None:
    if reader.peek() == "loss" and reader.peek(1) not in ("", "if", "when"):
        return None
    return reader.take(*PHASES) or None
