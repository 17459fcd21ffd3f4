"""What conditions and watches are made of: numbers of a step, such as `loss`, `max |W|`, `2.weights[17,3]`, `dead`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from nnstep.errors import NnstepError
from nnstep.layers import Array
from nnstep.statistics import norm, saturated_share, update_ratio
from nnstep.stepping import Frame
from nnstep.tensors import tensor_of


@dataclass(frozen=True, eq=False, slots=True)
class Moment:
    """What a condition may look at.

    Attributes:
        frame: the step.
        label: the sample's class.
        says: the predicted class; None while forward has not come to its end.
        loss: None while it is not computed.
        epoch: from 1.
        sample: from 1.
    """

    frame: Frame
    label: int
    says: int | None
    loss: float | None
    epoch: int
    sample: int


SCALARS: dict[str, Callable[[Moment], float | None]] = {
    "loss": lambda moment: moment.loss,
    "label": lambda moment: moment.label,
    "says": lambda moment: moment.says,
    "epoch": lambda moment: moment.epoch,
    "sample": lambda moment: moment.sample,
    "step": lambda moment: moment.frame.step.index + 1,
}
LOGGED = ("loss", "label", "says", "epoch", "sample")
OTHER_NAMES = {"E": "loss", "error": "loss", "prediction": "says"}
SHARES: dict[str, Callable[[Frame], float | None]] = {
    "dead": lambda frame: _share_of_zeros(frame),
    "saturated": lambda frame: saturated_share(frame) if frame.step.phase == "forward" else None,
    "ratio": lambda frame: update_ratio(frame, "weights") if "weights" in frame.after else None,
}
STATISTICS: dict[str, Callable[[Array], float]] = {
    "max": lambda array: float(array.max()),
    "min": lambda array: float(array.min()),
    "mean": lambda array: float(array.mean()),
    "std": lambda array: float(array.std()),
    "sum": lambda array: float(array.sum()),
    "norm": norm,
    "zeros": lambda array: float(np.count_nonzero(array == 0) / array.size),
}
TENSORS = {
    "X": "input",
    "input": "input",
    "Y": "output",
    "output": "output",
    "y": "target",
    "target": "target",
    "dY": "output_gradient",
    "dE/dY": "output_gradient",
    "output_gradient": "output_gradient",
    "dX": "input_gradient",
    "dE/dX": "input_gradient",
    "input_gradient": "input_gradient",
}
SHORT = {"W": "weights", "b": "bias"}
STUDENTS = {"W": ("w", "weight", "kernel", "params_w"), "b": ("b", "biases", "params_b")}
EXAMPLES = "loss, label, says, wrong, nan, dead, saturated, |dX|, max |W|, mean dW, W[17,3]"
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?%?)|(?P<name>dE/d[^\W\d]\w*|Δ?[^\W\d]\w*|Δ)"
    r"|(?P<sign><=|>=|==|!=|[<>=≤≥≠|\[\](),.−-]))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or sign of a text, and where it begins (from 0)."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number of the moment: loss, label, says, epoch, sample, step."""

    name: str

    def value(self, moment: Moment) -> float | None:
        """The number, or None while it is not known."""
        return SCALARS[self.name](moment)


@dataclass(frozen=True, slots=True)
class Share:
    """A share or ratio of a layer's step: dead, saturated, ratio."""

    name: str
    layer: int | None

    def value(self, moment: Moment) -> float | None:
        """The number, or None in a step that has none."""
        if self.layer not in (None, moment.frame.step.layer):
            return None
        return SHARES[self.name](moment.frame)


@dataclass(frozen=True, slots=True)
class Measure:
    """A statistic or an element of a tensor.

    Attributes:
        layer: of which layer, from 0; None for any.
        key: as in a frame, with `now` for a parameter as it is after the step.
        statistic: which one; None for an element.
        absolute: of the absolute values.
        index: which element, where it is one.
    """

    layer: int | None
    key: str
    statistic: str | None
    absolute: bool
    index: tuple[int, ...]

    def value(self, moment: Moment) -> float | None:
        """The number, or None in a step that has no such tensor or element."""
        frame = moment.frame
        if self.layer not in (None, frame.step.layer):
            return None
        array = _tensor(frame, self.key)
        if array is None or not array.size:
            return None
        with np.errstate(invalid="ignore", over="ignore"):
            if self.statistic:
                return STATISTICS[self.statistic](np.abs(array) if self.absolute else array)
            index = (0,) * (array.ndim - len(self.index)) + self.index if array.shape[:1] == (1,) else self.index
            if len(index) != array.ndim or any(i >= n for i, n in zip(index, array.shape, strict=True)):
                return None
            element = float(array[index])
        return abs(element) if self.absolute else element


Quantity = Scalar | Share | Measure


class Reader:
    """Reads quantities from a text, token by token.

    Args:
        text: what a person wrote.
        parameters: names of the network's parameters.
        layers: names of its layers, such as `affine 1`.
    """

    def __init__(self, text: str, parameters: Collection[str], layers: Sequence[str] = ()) -> None:
        self.text, self.parameters, self.layers = text, set(parameters), list(layers)
        self.tokens: list[Token] = []
        self.at = 0
        start = 0
        while text[start:].strip():
            match = TOKEN.match(text, start)
            if not match:
                start += len(text[start:]) - len(text[start:].lstrip())
                raise self.error(f"'{text[start]}' at character {start + 1} cannot be understood")
            kind = match.lastgroup or ""
            self.tokens.append(Token(kind, match[kind], match.start(kind)))
            start = match.end()

    def error(self, what: str, hint: str = "") -> NnstepError:
        """The error that shows the text, and what is wrong with it."""
        return NnstepError(f"'{self.text.strip()}': {what}", hint or f"Possible are {EXAMPLES}")

    def peek(self, ahead: int = 0) -> str:
        """A token's text without taking it; empty at the end."""
        return self.tokens[self.at + ahead].text if self.at + ahead < len(self.tokens) else ""

    def kind(self, ahead: int = 0) -> str:
        """The kind of that token; empty at the end."""
        return self.tokens[self.at + ahead].kind if self.at + ahead < len(self.tokens) else ""

    def take(self, *texts: str) -> str:
        """The next token's text if it is one of these, or whatever it is where none are given; empty where not."""
        if self.at < len(self.tokens) and (not texts or self.peek() in texts):
            self.at += 1
            return self.tokens[self.at - 1].text
        return ""

    def expect(self, *texts: str) -> str:
        """The same, and an error where it is another one."""
        if not (found := self.take(*texts)):
            raise self.unexpected(" or ".join(texts))
        return found

    def unexpected(self, wanted: str) -> NnstepError:
        """The error that something else was wanted here."""
        if self.at >= len(self.tokens):
            return self.error(f"ends where {wanted} was expected")
        token = self.tokens[self.at]
        return self.error(f"expected {wanted} at character {token.start + 1}, received '{token.text}'")

    def number(self) -> float | None:
        """A number, percent or negative one too; None where there is none."""
        sign = -1.0 if self.peek() in ("-", "−") and self.kind(1) == "number" and self.take() else 1.0
        if self.kind() != "number":
            return None
        text = self.take()
        return sign * (float(text[:-1]) / 100 if text.endswith("%") else float(text))

    def quantity(self) -> Quantity:
        """A quantity; raises NnstepError where there is none."""
        statistic = self.take(*STATISTICS) if self.peek(1) not in ("", "<", ">", "=") else ""
        if statistic:
            self.take("of")
        bars = bool(self.take("|"))
        layer = self._layer()
        name = self._known_name(bool(statistic or bars or layer is not None))
        index = self._index()
        if bars:
            self.expect("|")
        if name in SCALARS or name in SHARES:
            if statistic or bars or index:
                raise self.error(f"{name} is one number already: write it alone")
            return Scalar(name) if name in SCALARS else Share(name, layer)
        key = self._key(name)
        if index:
            if statistic:
                raise self.error(f"{statistic} of one element: leave one of the two out")
            return Measure(layer, key, None, bars, index)
        if not statistic and not bars:
            raise self.error(f"{name} has many numbers", f"Write |{name}|, max |{name}|, mean {name} or {name}[3]")
        return Measure(layer, key, statistic or "norm", bars and bool(statistic), ())

    def _layer(self) -> int | None:
        if self.kind() == "number" and self.peek(1) == ".":
            index: int | None = int(float(self.take().rstrip("%")))
        elif self.kind() == "number" and "." in self.peek() and self.kind(1) == "name":
            raise self.unexpected("LAYER.TENSOR, such as 2.W[17,3]")
        else:
            index = self.layer_name()
            if index is None:
                return None
        assert index is not None
        if self.layers and index >= len(self.layers):
            raise self.error(f"there is no layer {index}: they count from 0 to {len(self.layers) - 1} before a dot")
        self.expect(".")
        return index

    def layer_name(self) -> int | None:
        """A layer by its name, such as `affine 3` or `affine3`; taken where there is one."""
        for index, name in enumerate(self.layers):
            kind, _, number = name.partition(" ")
            if self.peek() == f"{kind}{number}":
                self.take()
                return index
            if self.peek() == kind and self.peek(1) == number:
                self.at += 2
                return index
        return None

    def _known_name(self, tensor_wanted: bool) -> str:
        if self.kind() != "name":
            raise self.unexpected("a quantity")
        token = self.tokens[self.at]
        kinds = {layer.partition(" ")[0] for layer in self.layers}
        if token.text in kinds and self.peek(1).isdecimal():
            raise self.error(f"there is no layer '{token.text} {self.peek(1)}'", f"There are {', '.join(self.layers)}")
        name = OTHER_NAMES.get(self.take(), token.text)
        if name in SCALARS or name in SHARES or self._is_tensor(name):
            return name
        known = [*SCALARS, *SHARES, "wrong", "right", "nan", "inf", *TENSORS, "W", "b", "dW", "db", "update"]
        near = difflib.get_close_matches(name, known, 1)
        where = f"'{name}' at character {token.start + 1} is not known"
        raise self.error(where, f"Did you mean {near[0]}?" if near else "")

    def _is_tensor(self, name: str) -> bool:
        return name in TENSORS or name in ("update", "Δ") or self._parameter(name) is not None

    def _parameter(self, name: str) -> tuple[str, str] | None:
        for prefix, group in (("dE/d", "gradients"), ("Δ", "update"), ("d", "gradients"), ("", "now")):
            rest = name.removeprefix(prefix)
            if name.startswith(prefix) and self._long(rest) in self.parameters:
                return group, self._long(rest)
        return None

    def _long(self, name: str) -> str:
        """The name of a parameter that may be shortened."""
        long = name if name in self.parameters else SHORT.get(name, name)
        if long in self.parameters:
            return long
        return next((other for other in sorted(self.parameters) if other.lower() in STUDENTS.get(name, ())), long)

    def _key(self, name: str) -> str:
        if name in TENSORS:
            return TENSORS[name]
        if name in ("update", "Δ"):
            following = self.take(*self.parameters, *SHORT)
            return f"update.{self._long(following) or 'weights'}"
        group, parameter = self._parameter(name) or ("now", name)
        return f"{group}.{parameter}"

    def _index(self) -> tuple[int, ...]:
        if not self.take("["):
            return ()
        found = []
        while True:
            if self.kind() != "number" or not self.peek().isdecimal():
                raise self.unexpected("a whole number from 0")
            found.append(int(self.take()))
            if self.expect(",", "]") == "]":
                return tuple(found)


def _tensor(frame: Frame, key: str) -> Array | None:
    group, _, name = key.partition(".")
    if group == "now":
        return frame.after.get(name, frame.before.get(name))
    return tensor_of(frame, key)


def _share_of_zeros(frame: Frame) -> float | None:
    if frame.step.phase != "forward" or frame.output is None or not frame.output.size:
        return None
    return float(np.count_nonzero(frame.output == 0) / frame.output.size)
