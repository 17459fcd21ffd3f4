"""Looks whether a loss's gradient has the last layer's derivative in it already, as ŷ − y has that of softmax."""

from __future__ import annotations

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.loss_subject import TENSOR, LossSubject
from nnstep.checking.model import Model, softmax
from nnstep.checking.subject import Floats


def check_joint(subject: LossSubject, last: Model) -> list[Finding]:
    """A wrong loss gradient that is the right one times the derivative of the last layer, which multiplies by it too.

    Args:
        subject: the loss.
        last: what the last layer computes.
    """
    name = "softmax" if last.kind == "softmax" else last.activation.name if last.activation else ""
    for seed in (1, 2, 3):
        raw = np.random.default_rng(seed).uniform(0.1, 0.9, subject.shape)
        y_hat = softmax(raw.reshape(-1)).reshape(subject.shape) if last.kind == "softmax" else raw
        y = np.zeros(subject.shape)
        y.flat[seed % y.size] = 1.0
        case = subject.compare(subject.shape, (y, y_hat))
        joint = _times_derivative(last, y_hat.reshape(-1), case.measured) if case else None
        if case is None or joint is None or not np.allclose(case.got, joint, rtol=1e-4, atol=1e-6):
            return []
    text = f"your loss gradient is the right one times {name}′ already, and the last layer multiplies by it once more"
    return [Finding("doubled-derivative", TENSOR, text, 0.9)]


def _times_derivative(last: Model, y_hat: Floats, gradient: Floats) -> Floats | None:
    if last.kind == "softmax":
        product: Floats = y_hat * (gradient - np.sum(gradient * y_hat))
        return product
    known = last.activation if last.kind == "elementwise" or last.fused else None
    return gradient * known.of_output(y_hat) if known and known.of_output else None
