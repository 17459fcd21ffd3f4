"""What each rule finds in the last looks at a network: the evidence in numbers, or nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from nnstep.alarms import table
from nnstep.alarms.look import LayerLook, Look
from nnstep.alarms.table import Rule
from nnstep.limits import Limits
from nnstep.statistics import number_text, share_text

ENOUGH_ROWS = 100
GRADIENT_LOOKS = 5
UPDATE_LOOKS = 8
SETTLED_UPDATES = 30
WHOLE_JUMP = 10
KEPT_LOOKS = 16
KEPT_PARAMETERS = 3
IDLE_UPDATES = 100
LEARNED = 0.25


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found.

    Attributes:
        evidence: the numbers and their limits, in words.
        numbers: the same by name.
        layer: which layer, None where it is none.
        option: another option than the rule's, which has more to do with it.
        what: what the sentence speaks of, where that is not the layer.
    """

    evidence: str
    numbers: dict[str, float] = field(default_factory=dict)
    layer: int | None = None
    option: str | None = None
    what: str | None = None


Finder = Callable[[Sequence[Look], Limits], Finding | None]


def targets(looks: Sequence[Look], limits: Limits) -> Finding | None:
    """Targets of the last look that are not their labels' one-hot form."""
    last = looks[-1]
    if not last.mismatched:
        return None
    return Finding(
        f"{last.mismatched} of {last.rows} targets that were looked at", {"share": last.mismatched / last.rows}
    )


def inputs(looks: Sequence[Look], limits: Limits) -> Finding | None:
    """Inputs of the last look that are far from unit size."""
    size, largest = looks[-1].input_size, looks[-1].largest_input
    numbers = {"rms": size, "largest": largest}
    if size > limits.largest_input:
        return Finding(
            f"RMS(X) = {number_text(size)}, above {number_text(limits.largest_input)}; max|X| = {number_text(largest)}",
            numbers,
        )
    if largest < limits.smallest_input:
        return Finding(f"max|X| = {number_text(largest)}, below {number_text(limits.smallest_input)}", numbers)
    return None


def large_update(looks: Sequence[Look], limits: Limits) -> Finding | None:
    """A layer whose weights change too much by several updates, or by one update as a whole."""
    for index, layer, ratios in _updates(looks, UPDATE_LOOKS):
        usual, limit = median(ratios), limits.largest_update
        if len(ratios) == UPDATE_LOOKS and usual > limit and looks[-1].updates >= SETTLED_UPDATES:
            text = f"‖ΔW‖/‖W‖ = {number_text(usual)} of {layer.name} (median of {len(ratios)})"
            return Finding(f"{text}, above {number_text(limit)}", {"ratio": usual}, index)
        if ratios[-1] > WHOLE_JUMP * limit:
            text = f"‖ΔW‖/‖W‖ = {number_text(ratios[-1])} of {layer.name} in one update"
            return Finding(f"{text}, above {number_text(WHOLE_JUMP * limit)}", {"ratio": ratios[-1]}, index)
    return None


def small_update(looks: Sequence[Look], limits: Limits) -> Finding | None:
    """A layer whose weights hardly change by any of the last updates, while there is still much to learn."""
    if len(looks) < UPDATE_LOOKS or learned(looks):
        return None
    for index, layer, ratios in _updates(looks, UPDATE_LOOKS):
        if len(ratios) == UPDATE_LOOKS and max(ratios) < limits.smallest_update:
            text = f"‖ΔW‖/‖W‖ = {number_text(max(ratios))} of {layer.name} at most (of {UPDATE_LOOKS} updates)"
            return Finding(f"{text}, below {number_text(limits.smallest_update)}", {"ratio": max(ratios)}, index)
    return None


def dead_units(looks: Sequence[Look], limits: Limits) -> Finding | None:
    """A relu layer most of whose units are active on hardly any of the last 100 samples or more."""
    for index, layer in enumerate(looks[-1].layers):
        recent = _enough(looks)
        found = [active for one in recent if (active := one.layers[index].active) is not None]
        if layer.active is None or not found:
            continue
        rows = sum(one.rows for one in recent)
        counts = np.sum(np.stack(found), axis=0)
        dead = float(np.mean(counts < limits.active * rows))
        if dead > limits.dead:
            text = (
                f"{share_text(dead)} of {len(counts)} units of {layer.name} are active on fewer than "
                f"{share_text(limits.active)} of {rows} samples; the limit is {share_text(limits.dead)}"
            )
            option = None if looks[0].count == looks[-1].count else "--learning-rate"
            return Finding(text, {"share": dead, "samples": rows}, index, option)
    return None


def saturation(looks: Sequence[Look], limits: Limits) -> Finding | None:
    """A tanh or sigmoid layer most of whose outputs are in the flat parts, on the last 100 samples or more."""
    shares = {
        index: share
        for index, layer in enumerate(looks[-1].layers)
        if layer.saturated is not None and (share := _saturated(looks, index)) is not None
    }
    beyond = [index for index, share in shares.items() if share > limits.saturated]
    if not beyond or learned(looks):
        return None
    first, layers = beyond[0], looks[-1].layers
    flat = f"|Y| > {limits.flat_tanh:g}"
    if layers[first].kind == "sigmoid":
        flat = f"Y < {limits.flat_sigmoid:g} or Y > {1 - limits.flat_sigmoid:g}"
    what = "outputs" if first < len(layers) - 1 else "samples with an output that is far off and"
    text = f"{share_text(shares[first])} of {what} with {flat}, above {share_text(limits.saturated)}"
    others = ", ".join(layers[index].name for index in beyond[1:])
    option = None if looks[0].count == looks[-1].count else "--learning-rate"
    return Finding(text + (f"; {others} too" if others else ""), {"share": shares[first]}, first, option)


def exploding(looks: Sequence[Look], limits: Limits) -> Finding | None:
    """A gradient that is far larger at the first layer with weights than at the last, or not finite."""
    for index, layer in looks[-1].with_weights:
        if layer.gradient is not None and not math.isfinite(layer.gradient):
            return Finding(f"RMS(dE/dW) of {layer.name} is {number_text(layer.gradient)}", {}, index)
    first, last = _gradients(looks)
    if last > 0 and first / last > limits.exploding_ratio and not learned(looks):
        return Finding(
            _ratio_text(looks, first, last, f"above {limits.exploding_ratio:g}"), _both(first, last), _first(looks)
        )
    return None


def vanishing(looks: Sequence[Look], limits: Limits) -> Finding | None:
    """A gradient that is far smaller at the first layer with weights than at the last, or zero at all of them."""
    first, last = _gradients(looks)
    if math.isnan(first) or first >= limits.vanishing_gradient or learned(looks):
        return None
    if last > 0 and first / last < limits.vanishing_ratio:
        text = _ratio_text(looks, first, last, f"below {number_text(limits.vanishing_ratio)}")
        text += f", and the first below {number_text(limits.vanishing_gradient)}"
        return Finding(text, _both(first, last), _first(looks))
    if last == 0 and looks[-1].loss_gradient > limits.vanishing_gradient:
        return Finding("RMS(dE/dW) = 0 in all layers, while dE/dŷ is not", _both(first, last), _first(looks))
    return None


def unchanged(looks: Sequence[Look], limits: Limits) -> Finding | None:
    """A layer all of whose parameters are bit for bit what they were three updates before."""
    last = looks[-1]
    known = looks[-1 - KEPT_PARAMETERS : -1]
    earlier = next((one for one in reversed(known) if last.updates - one.updates >= 3), None)
    if earlier is None or last.loss_gradient == 0:
        return None
    for index, layer in last.with_weights:
        then = earlier.layers[index].before
        smallest_first = sorted(layer.before, key=lambda name: layer.before[name].size)
        if all(np.array_equal(layer.before[name], then[name], equal_nan=True) for name in smallest_first):
            updates = last.updates - earlier.updates
            return Finding(
                f"{layer.name} is the same to the last bit after {updates:,} updates", {"updates": updates}, index
            )
    return _idle(looks)


def _idle(looks: Sequence[Look]) -> Finding | None:
    """Arrays that look like a layer's weights, and that stay as they are for longer than samples are gathered."""
    last = looks[-1]
    earlier = next((one for one in looks if last.updates - one.updates >= IDLE_UPDATES), None)
    for index, layer in enumerate(last.layers) if earlier else ():
        for name, number in layer.idle.items():
            if earlier and earlier.layers[index].idle.get(name) == number:
                updates = last.updates - earlier.updates
                text = f"{name} of {layer.name} is the same to the last bit after {updates:,} updates"
                return Finding(text, {"updates": updates}, index, what=f"{name} of {layer.name}")
    return None


def same_outputs(looks: Sequence[Look], limits: Limits) -> Finding | None:
    """Outputs that are the same for all samples."""
    spread = looks[-1].spread
    if not spread < limits.same_outputs:
        return None
    text = f"over {looks[-1].rows} samples no output spreads by more than {number_text(spread)} (standard deviation)"
    return Finding(
        f"{text}, below {number_text(limits.same_outputs)}", {"deviation": spread}, len(looks[-1].layers) - 1
    )


FINDERS: tuple[tuple[Rule, Finder], ...] = (
    (table.TARGETS_NOT_ONE_HOT, targets),
    (table.INPUTS_NOT_SCALED, inputs),
    (table.UPDATE_TOO_LARGE, large_update),
    (table.DEAD_RELU, dead_units),
    (table.SATURATION, saturation),
    (table.EXPLODING, exploding),
    (table.VANISHING, vanishing),
    (table.UNCHANGED, unchanged),
    (table.UPDATE_TOO_SMALL, small_update),
    (table.SAME_OUTPUTS, same_outputs),
)


def learned(looks: Sequence[Look]) -> bool:
    """The losses of the last looks are small beside an untrained network's: then small gradients are right."""
    recent = [one.loss for one in looks[-UPDATE_LOOKS:]]
    return median(recent) < LEARNED * looks[-1].untrained


def _enough(looks: Sequence[Look]) -> Sequence[Look]:
    """As many of the last looks as have 100 samples together; none where there are not so many yet."""
    rows = 0
    for number, one in enumerate(reversed(looks), 1):
        rows += one.rows
        if rows >= ENOUGH_ROWS:
            return looks[-number:]
    return ()


def _saturated(looks: Sequence[Look], index: int) -> float | None:
    recent = _enough(looks)
    shares = [(one.layers[index].saturated, one.rows) for one in recent]
    known = [(share, rows) for share, rows in shares if share is not None]
    return sum(share * rows for share, rows in known) / sum(rows for _, rows in known) if known else None


def _updates(looks: Sequence[Look], most: int) -> Iterator[tuple[int, LayerLook, list[float]]]:
    """Each layer with weights, and the update ratios of its last looks where all of them are known."""
    recent = looks[-most:]
    for index, layer in looks[-1].with_weights:
        ratios = [one.layers[index].update for one in recent]
        known = [ratio for ratio in ratios if ratio is not None]
        if len(known) == len(recent):
            yield index, layer, known


def _gradients(looks: Sequence[Look]) -> tuple[float, float]:
    """The medians of RMS(dE/dW) over the last looks: of the first layer with weights, and of the last one."""
    pairs = [one.with_weights for one in looks[-GRADIENT_LOOKS:]]
    if len(pairs) < GRADIENT_LOOKS or not all(len(layers) > 1 for layers in pairs):
        return math.nan, math.nan
    firsts, lasts = ([layers[end][1].gradient or 0.0 for layers in pairs] for end in (0, -1))
    return median(firsts), median(lasts)


def _first(looks: Sequence[Look]) -> int:
    return looks[-1].with_weights[0][0]


def _both(first: float, last: float) -> dict[str, float]:
    return {"first": first, "last": last}


def _ratio_text(looks: Sequence[Look], first: float, last: float, limit: str) -> str:
    layers = looks[-1].with_weights
    return (
        f"RMS(dE/dW) of {layers[0][1].name} / of {layers[-1][1].name} = {number_text(first)}/{number_text(last)} "
        f"= {number_text(first / last)}, {limit}"
    )
