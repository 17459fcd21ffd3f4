"""What is still healthy in a network that trains: one table of limits, each with its source, for marks and alarms."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

CS231N = "A. Karpathy, CS231n course notes: about 1e−3 is healthy"
AUTOTRAINER = "Zhang et al., AUTOTRAINER, ICSE 2021"
SCALING = "LeCun et al., Efficient BackProp, 1998: inputs of about unit size"
SLOPE = "nnstep: where the curve is almost flat"
OWN = "nnstep's own choice"


def _limit(value: float, calm: float, source: str) -> Any:
    return field(default=value, metadata={"calm": calm, "source": source})


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond these something is marked. RMS(x) = ‖x‖/√size.

    Attributes:
        smallest_update: ‖ΔW‖/‖W‖ of one update.
        largest_update: ‖ΔW‖/‖W‖ of one update.
        vanishing_ratio: RMS(dE/dW) of the first layer with weights / that of the last one.
        vanishing_gradient: RMS(dE/dW) of the first layer with weights.
        exploding_ratio: RMS(dE/dW) of the first layer with weights / that of the last one.
        largest_gradient: magnitude of any number in a gradient.
        largest_loss: of one sample.
        loss_rise: mean loss of recent samples / the best there was.
        dead: share of a relu layer's units.
        active: share of samples on which a unit that is not dead gives more than zero.
        saturated: share of a tanh or sigmoid layer's outputs.
        flat_tanh: |tanh| from which an output counts as saturated; its slope there is 6 % of the steepest.
        flat_sigmoid: distance of a sigmoid from 0 or 1, the same; its slope there is 12 % of the steepest.
        same_outputs: how far one output spreads over samples, its standard deviation.
        largest_input: RMS(X).
        smallest_input: max|X|.
        no_progress: mean loss of recent samples / the best there was before them.
    """

    smallest_update: float = _limit(1e-6, 2e-6, CS231N)
    largest_update: float = _limit(1e-1, 5e-2, CS231N)
    vanishing_ratio: float = _limit(1e-3, 2e-3, AUTOTRAINER)
    vanishing_gradient: float = _limit(1e-4, 2e-4, AUTOTRAINER)
    exploding_ratio: float = _limit(70, 35, AUTOTRAINER)
    largest_gradient: float = _limit(1e3, 5e2, OWN)
    largest_loss: float = _limit(1e3, 1e2, AUTOTRAINER)
    loss_rise: float = _limit(3, 2, OWN)
    dead: float = _limit(0.5, 0.4, OWN)
    active: float = _limit(0.01, 0.01, OWN)
    saturated: float = _limit(0.5, 0.4, OWN)
    flat_tanh: float = _limit(0.97, 0.97, SLOPE)
    flat_sigmoid: float = _limit(0.03, 0.03, SLOPE)
    same_outputs: float = _limit(1e-5, 2e-5, OWN)
    largest_input: float = _limit(10, 5, SCALING)
    smallest_input: float = _limit(0.01, 0.02, SCALING)
    no_progress: float = _limit(0.99, 0.98, OWN)


LIMITS = Limits()
CALM = Limits(**{part.name: part.metadata["calm"] for part in fields(Limits)})
SOURCES: dict[str, str] = {part.name: part.metadata["source"] for part in fields(Limits)}
