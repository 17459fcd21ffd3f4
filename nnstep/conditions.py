"""Conditions as a person would say them: `nan`, `wrong`, `loss > 0.5`, `dead > 50% and not label == 7`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnstep.expressions import LOGGED, Moment, Quantity, Reader, Scalar
from nnstep.tensors import tensors_of

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    "≤": operator.le,
    ">=": operator.ge,
    "≥": operator.ge,
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    "≠": operator.ne,
}
Columns = dict[str, NDArray[Any]]


class Test(Protocol):
    """A part of a condition. Its truth is None where the step lacks what it asks for."""

    @property
    def needs(self) -> frozenset[str]:
        """The logged numbers that it looks at; `frame` where it looks at the step itself."""
        ...

    def truth(self, moment: Moment) -> bool | None:
        """Whether it holds."""
        ...

    def column(self, logged: Columns) -> NDArray[np.bool_]:
        """(n,) whether it holds of n logged samples."""
        ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two quantities or numbers, compared."""

    left: Quantity | float
    sign: str
    right: Quantity | float

    @property
    def needs(self) -> frozenset[str]:
        """See `Test`."""
        return frozenset().union(*(_needs(side) for side in (self.left, self.right)))

    def truth(self, moment: Moment) -> bool | None:
        """See `Test`."""
        left, right = (side if isinstance(side, float) else side.value(moment) for side in (self.left, self.right))
        return None if left is None or right is None else bool(COMPARISONS[self.sign](left, right))

    def column(self, logged: Columns) -> NDArray[np.bool_]:
        """See `Test`."""
        sides = (side if isinstance(side, float) else _column(side, logged) for side in (self.left, self.right))
        found: NDArray[np.bool_] = COMPARISONS[self.sign](*sides)
        return found


@dataclass(frozen=True, slots=True)
class Verdict:
    """The predicted class is the label, or is not."""

    right: bool
    needs: frozenset[str] = frozenset(("says", "label"))

    def truth(self, moment: Moment) -> bool | None:
        """See `Test`."""
        return None if moment.says is None else (moment.says == moment.label) == self.right

    def column(self, logged: Columns) -> NDArray[np.bool_]:
        """See `Test`."""
        same: NDArray[np.bool_] = logged["says"] == logged["label"]
        return same if self.right else ~same


@dataclass(frozen=True, slots=True)
class NotFinite:
    """Some number of the step is NaN, or infinite."""

    nan: bool
    infinite: bool
    needs: frozenset[str] = frozenset(("frame",))

    def truth(self, moment: Moment) -> bool | None:
        """See `Test`."""
        for tensor in tensors_of(moment.frame):
            if np.isfinite(tensor.array).all():
                continue
            if (self.nan and np.isnan(tensor.array).any()) or (self.infinite and np.isinf(tensor.array).any()):
                return True
        return False

    def column(self, logged: Columns) -> NDArray[np.bool_]:
        """Frames are not logged."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: Test

    @property
    def needs(self) -> frozenset[str]:
        """See `Test`."""
        return self.part.needs

    def truth(self, moment: Moment) -> bool | None:
        """See `Test`."""
        found = self.part.truth(moment)
        return None if found is None else not found

    def column(self, logged: Columns) -> NDArray[np.bool_]:
        """See `Test`."""
        return ~self.part.column(logged)


@dataclass(frozen=True, slots=True)
class Joined:
    """Several tests, joined by `and` or by `or`."""

    word: str
    parts: tuple[Test, ...]

    @property
    def needs(self) -> frozenset[str]:
        """See `Test`."""
        return frozenset().union(*(part.needs for part in self.parts))

    def truth(self, moment: Moment) -> bool | None:
        """See `Test`; what decides wins over what is not known."""
        found = [part.truth(moment) for part in self.parts]
        decides = self.word == "or"
        if decides in found:
            return decides
        return None if None in found else not decides

    def column(self, logged: Columns) -> NDArray[np.bool_]:
        """See `Test`."""
        columns = [part.column(logged) for part in self.parts]
        join = np.logical_and if self.word == "and" else np.logical_or
        found: NDArray[np.bool_] = join.reduce(columns)
        return found


@dataclass(frozen=True, slots=True)
class Condition:
    """What a breakpoint asks of a step.

    Attributes:
        text: as it was written.
        test: what it means.
    """

    text: str
    test: Test

    def holds(self, moment: Moment) -> bool:
        """Whether it holds; False where the step lacks what it asks for."""
        return bool(self.test.truth(moment))

    @property
    def needs(self) -> frozenset[str]:
        """The logged numbers that it looks at; `frame` where it looks at the step itself."""
        return self.test.needs

    @property
    def logged(self) -> bool:
        """It can be looked up in what is logged of each sample."""
        return "frame" not in self.needs

    def hits(
        self,
        losses: NDArray[np.float64],
        says: NDArray[Any],
        labels: NDArray[Any],
        epochs: NDArray[np.int64],
        samples: NDArray[np.int64],
    ) -> NDArray[np.bool_]:
        """(n,) whether it holds of n logged samples, from their numbers, (n,) each."""
        columns = {"loss": losses, "says": says, "label": labels, "epoch": epochs, "sample": samples}
        with np.errstate(invalid="ignore"):
            return np.broadcast_to(self.test.column(columns), losses.shape)


def parse_condition(
    text: str, parameters: Collection[str] = ("weights", "bias"), layers: Sequence[str] = ()
) -> Condition:
    """Reads a condition.

    Args:
        text: what a person wrote.
        parameters: names of the network's parameters.
        layers: names of its layers.

    Raises:
        NnstepError: it cannot be understood; says where, and what is possible.
    """
    reader = Reader(text, parameters, layers)
    return read_condition(reader)


def read_condition(reader: Reader) -> Condition:
    """Reads a condition from where a reader is, to the end of its text."""
    begin = reader.tokens[reader.at].start if reader.at < len(reader.tokens) else len(reader.text)
    test = _joined(reader, "or")
    if reader.peek():
        raise reader.unexpected("and, or, or the end")
    return Condition(reader.text[begin:].strip(), test)


def _joined(reader: Reader, word: str) -> Test:
    parts = [_part(reader) if word == "and" else _joined(reader, "and")]
    while reader.take(word):
        parts.append(_part(reader) if word == "and" else _joined(reader, "and"))
    return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))


def _part(reader: Reader) -> Test:
    if reader.take("not"):
        return NotFinite(True, True) if reader.take("finite") else Not(_part(reader))
    if reader.take("("):
        test = _joined(reader, "or")
        reader.expect(")")
        return test
    if word := reader.take("wrong", "right"):
        return Verdict(word == "right")
    if word := reader.take("nan", "NaN", "inf", "infinite"):
        return NotFinite(word.lower() == "nan", word.lower() != "nan")
    return _comparison(reader)


def _comparison(reader: Reader) -> Test:
    left = _side(reader)
    chain: list[Test] = []
    while sign := reader.take(*COMPARISONS):
        right = _side(reader)
        chain.append(Comparison(left, sign, right))
        left = right
    if not chain:
        raise reader.unexpected("<, >, <=, >=, == or !=")
    return chain[0] if len(chain) == 1 else Joined("and", tuple(chain))


def _side(reader: Reader) -> Quantity | float:
    if reader.peek(1) == "." and reader.kind() == "number":
        return reader.quantity()
    number = reader.number()
    return reader.quantity() if number is None else number


def _needs(side: Quantity | float) -> frozenset[str]:
    if isinstance(side, float):
        return frozenset()
    return frozenset((side.name,)) if isinstance(side, Scalar) and side.name in LOGGED else frozenset(("frame",))


def _column(side: Quantity, logged: Columns) -> NDArray[Any]:
    assert isinstance(side, Scalar)
    return logged[side.name]
