"""What a frame's numbers say about a network's health: marks for what a student should look at, with what to try."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nnstep.layers import Array
from nnstep.limits import LIMITS, SOURCES, Limits
from nnstep.statistics import (
    Statistics,
    dead_share,
    number_text,
    saturated_share,
    share_text,
    statistics,
    update_ratio,
)
from nnstep.stepping import Frame
from nnstep.tensors import symbol_of, tensor_of


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to look at: a few words, and two sentences on what it means and what to try."""

    text: str
    explanation: str


NAN = (
    "Not a number: 0/0, ∞ − ∞ or the logarithm of a negative number came up, and all that follows is NaN too. "
    "Go back to the first tensor that has one; if nothing there is wrong, try a smaller learning rate."
)
INFINITE = (
    "The number grew too large for its format, or something was divided by zero. "
    "Try a smaller learning rate or smaller initial weights."
)
RULE_OF_THUMB = (
    "One update changes the weights by this share of their size; about 1e−3 is a common rule of thumb, "
    "and smaller is usual with one sample at a time. "
)
LARGE_UPDATE = RULE_OF_THUMB + "So large a change can undo what was learned: try a smaller learning rate."
SMALL_UPDATE = RULE_OF_THUMB + "So small a change hardly learns: try a larger one, or see where the gradient gets lost."
DEAD = (
    "relu gives zero wherever its input is negative, and for this sample nothing is learned through these outputs. "
    "About half is usual; if the same ones stay zero for every sample, try a smaller learning rate."
)
SATURATED = (
    "These outputs lie where the curve is almost flat, so its derivative, and the gradient with it, is nearly zero. "
    "Try smaller initial weights, smaller inputs (pixels from 0 to 1) or a smaller learning rate."
)
VANISHED = (
    "Every number is zero, so nothing before this point learns from the sample. "
    "That is right where the error is zero; otherwise look for a saturated or dead layer behind it."
)
EXPLODING = (
    "So large a gradient makes a large jump of the weights, and mostly a larger error after it. "
    "Try a smaller learning rate or smaller initial weights, and check that a mean is not a sum."
)


def marks(frame: Frame, key: str, limits: Limits = LIMITS) -> tuple[Mark, ...]:
    """What is remarkable about one tensor of a frame, the worst first; empty where all is well.

    Args:
        frame: the step.
        key: which tensor, as `tensors_of` names it; nothing is said of one that the frame does not have.
        limits: what is still healthy.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        array = tensor_of(frame, key)
    if array is None:
        return ()
    stats = statistics(array)
    found = _not_finite(stats)
    group, _, name = key.partition(".")
    if group == "update":
        found += _update(frame, name, array, limits)
    elif group == "output":
        found += _output(frame, limits)
    elif group in ("output_gradient", "input_gradient", "gradients"):
        found += _gradient(stats, limits)
    return tuple(found)


def _limit(side: str, name: str, limits: Limits) -> str:
    return f" It is marked {side} {number_text(getattr(limits, name))} ({SOURCES[name]})."


def _not_finite(stats: Statistics) -> list[Mark]:
    found = []
    if stats.nans:
        found.append(Mark(f"NaN: {stats.nans:,} of {stats.size:,}", NAN))
    if stats.infinities:
        found.append(Mark(f"infinite: {stats.infinities:,} of {stats.size:,}", INFINITE))
    return found


def _update(frame: Frame, name: str, update: Array, limits: Limits) -> list[Mark]:
    ratio = update_ratio(frame, name)
    if ratio is None or frame.learning_rate == 0 or _is_bias(name, update):
        return []
    symbol = symbol_of(name)
    text = f"‖Δ{symbol}‖/‖{symbol}‖ {number_text(ratio)}"
    if ratio > limits.largest_update:
        return [Mark(f"{text}: large", LARGE_UPDATE + _limit("above", "largest_update", limits))]
    if ratio < limits.smallest_update:
        return [Mark(f"{text}: small", SMALL_UPDATE + _limit("below", "smallest_update", limits))]
    return []


def _is_bias(name: str, array: Array) -> bool:
    # A bias begins at zero: at first any update is large beside it.
    return name != "weights" and (array.ndim < 2 or 1 in array.shape)


def _output(frame: Frame, limits: Limits) -> list[Mark]:
    found = []
    dead, saturated = dead_share(frame), saturated_share(frame)
    if dead is not None and dead > limits.dead:
        found.append(Mark(f"zero outputs: {share_text(dead)}", DEAD + _limit("above", "dead", limits)))
    if saturated is not None and saturated > limits.saturated:
        found.append(Mark(f"saturated: {share_text(saturated)}", SATURATED + _limit("above", "saturated", limits)))
    return found


def _gradient(stats: Statistics, limits: Limits) -> list[Mark]:
    if stats.size and stats.zeros == stats.size:
        return [Mark("gradient is zero", VANISHED)]
    largest = max(-stats.low, stats.high)
    if math.isfinite(largest) and largest > limits.largest_gradient:
        explanation = EXPLODING + _limit("above", "largest_gradient", limits)
        return [Mark(f"gradient up to {number_text(largest)}", explanation)]
    return []
