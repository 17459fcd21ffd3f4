"""Finds the loss of a student's network: in the network itself, else in its file, else nnstep's mean squared error."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nnstep.losses import LOSSES, Loss, mse

ENDINGS = ("_prime", "_derivative", "_gradient", "_grad", "_deriv", "_der", "_backward", "_d", "_dash", "Prime", "_p")
BEGINNINGS = ("d_", "d", "grad_", "gradient_", "derivative_", "prime_")
FIRST = ("loss", "loss_function", "loss_func", "loss_fn", "_loss", "cost", "error", "criterion", "mse", "MSE")
ACTIVATIONS = {
    "tanh", "relu", "prelu", "sigmoid", "logistic", "softmax", "identity", "linear", "leaky", "elu", "selu", "softplus",
    "swish", "silu", "gelu", "activation", "act", "leakyrelu",
}  # fmt: skip
OPERATIONS = {"affine", "dense", "conv", "convolve", "correlate", "pool", "maxpool", "dropout", "batchnorm", "norm"}
LOSS_WORDS = {"loss", "cost", "error", "entropy", "crossentropy", "ce", "bce", "cce", "xent", "mse", "nll", "with"}
PAIRED_METHODS = (
    ("loss", "loss_prime"), ("function", "gradient"), ("loss", "gradient"), ("loss", "derivative"), ("loss", "prime"),
    ("forward", "backward"), ("__call__", "prime"), ("__call__", "derivative"), ("__call__", "gradient"),
    ("__call__", "backward"), ("calculate", "derivative"), ("compute", "gradient"),
)  # fmt: skip


def find_loss(network: object, namespace: Mapping[str, Any]) -> tuple[Loss, str]:
    """Finds the loss.

    Args:
        network: what holds the layers.
        namespace: the names of its module.

    Returns:
        The loss, with the student's own functions as they are, and where it was found: `network`, `module`, `nnstep`.
    """
    held = _attributes(network)
    for value in held.values():
        if isinstance(value, Loss):
            return value, "network"
    for names, where in ((held, "network"), (namespace, "module")):
        for name in _in_order(names):
            found = _as_loss(name, names)
            if found:
                return found, where
    lone = next((namespace[f"mse{end}"] for end in ENDINGS if _takes_two(namespace.get(f"mse{end}"))), None)
    return (Loss("mse", mse, lone), "module") if lone else (LOSSES["mse"], "nnstep")


def _as_loss(name: str, names: Mapping[str, Any]) -> Loss | None:
    """The loss that a name stands for: a function with its gradient beside it, or an object with both methods."""
    value = names[name]
    if _takes_two(value):
        partner = next((p for p in _partners(name) if _takes_two(names.get(p)) and names[p] is not value), None)
        if partner:
            own = getattr(value, "__name__", name)
            return Loss(name if own == "<lambda>" else own, value, names[partner])
    if inspect.ismodule(value):
        return None
    for first, second in PAIRED_METHODS:
        function, gradient = getattr(value, first, None), getattr(value, second, None)
        if not inspect.isclass(value) and _takes_two(function) and _takes_two(gradient):
            assert function is not None and gradient is not None
            return Loss(name if name in FIRST else type(value).__name__, function, gradient)
    return None


def _partners(name: str) -> Iterable[str]:
    """The names under which the gradient of a loss may stand."""
    stems = [name, *(name.removesuffix(end) for end in ("_function", "_func", "_fn") if name.endswith(end))]
    for stem in stems:
        yield from (stem + ending for ending in ENDINGS)
        yield from (beginning + stem for beginning in BEGINNINGS)
        yield from (f"{stem}{end}{tail}" for end in ENDINGS for tail in ("_function", "_func", "_fn"))


def _in_order(names: Mapping[str, Any]) -> list[str]:
    """Names that may be a loss: the usual ones first, then the others as they stand."""
    usual = [name for name in FIRST if name in names]
    return usual + [name for name in names if name not in FIRST and not name.startswith("__") and not _is_no_loss(name)]


def _is_no_loss(name: str) -> bool:
    """A function with its derivative that is an activation with a slope, or a layer's work with its weights."""
    parts = re.split(r"_|(?<=[a-z])(?=[A-Z])", name)
    words = {re.sub(r"\d+d?$", "", part.lower()) for part in parts}
    return bool(words & (ACTIVATIONS | OPERATIONS)) and not words & LOSS_WORDS


def _attributes(network: object) -> dict[str, Any]:
    """What an object holds, and the methods of its class; nothing of lists."""
    if isinstance(network, list | tuple):
        return {}
    known = dict(getattr(network, "__dict__", {}))
    for cls in type(network).__mro__[:-1]:
        for name in vars(cls):
            if name not in known and not name.startswith("__") and not isinstance(vars(cls)[name], property):
                known[name] = getattr(network, name, None)
    return known


def _takes_two(function: object) -> bool:
    """It is a function of (y_true, y_pred)."""
    if not callable(function) or inspect.isclass(function):
        return False
    return required_arguments(function) == 2


def required_arguments(function: Callable[..., Any]) -> int | None:
    """How many arguments a call must have; None where that cannot be known."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        return None
    return sum(p.kind in plain and p.default is p.empty for p in parameters)
