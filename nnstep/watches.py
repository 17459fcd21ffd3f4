"""Watches: named numbers, and the course that each took over the samples that were visited."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from nnstep.errors import NnstepError
from nnstep.expressions import Measure, Moment, Quantity, Reader, Share

MOST_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Watch:
    """One number to follow.

    Attributes:
        text: as it was written: `2.weights[17,3]`, `mean |0.dW|`, `loss`.
        quantity: what it means.
    """

    text: str
    quantity: Quantity

    def value(self, moment: Moment) -> float | None:
        """The number, or None in a step that does not have it."""
        return self.quantity.value(moment)


class Watches:
    """All watches, and what each was at the samples that were visited: the last value in a sample's steps."""

    def __init__(self, watches: Sequence[Watch] = ()) -> None:
        self._all = list(watches)
        self._kept: OrderedDict[tuple[str, int], dict[str, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Watch]:
        return iter(self._all)

    def __setitem__(self, number: int, watch: Watch) -> None:
        self._all[number] = watch

    @property
    def texts(self) -> list[str]:
        """Each as it was written."""
        return [watch.text for watch in self._all]

    def add(self, watch: Watch) -> None:
        """Follows one more."""
        self._all.append(watch)

    def remove(self, number: int) -> None:
        """Follows one no more, by its number from 0."""
        del self._all[number]

    def record(self, branch: str, count: int, moments: Sequence[Moment]) -> None:
        """Keeps what each watch is at a sample."""
        if not self._all:
            return
        values: dict[str, float] = {}
        for watch in self._all:
            for moment in moments:
                value = watch.value(moment)
                if value is not None:
                    values[watch.text] = value
        self._kept[branch, count] = values
        self._kept.move_to_end((branch, count))
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def course(self, watch: Watch, branch: str, count: int, length: int = 40) -> list[float]:
        """The watch at the visited samples of a branch up to a count, in their order, the last `length` of them."""
        known = sorted(at for name, at in self._kept if name == branch and at <= count)
        values = [self._kept[branch, at].get(watch.text) for at in known]
        return [value for value in values if value is not None][-length:]

    def as_json(self) -> list[str]:
        """JSON's own types, that `from_json` reads."""
        return self.texts

    @classmethod
    def from_json(
        cls, known: object, layers: Sequence[str], parameters: Collection[str] = ("weights", "bias")
    ) -> Watches:
        """Reads what `as_json` wrote.

        Raises:
            NnstepError: it is something else.
        """
        if not isinstance(known, list) or not all(isinstance(text, str) for text in known):
            raise NnstepError("the watches that were kept are damaged")
        return cls([parse_watch(text, layers, parameters) for text in known])


def parse_watch(text: str, layers: Sequence[str], parameters: Collection[str] = ("weights", "bias")) -> Watch:
    """Reads a number to follow: an element or a statistic of a layer's tensor, or loss, label, says.

    Raises:
        NnstepError: it cannot be understood, or names no layer.
    """
    reader = Reader(text, parameters, layers)
    quantity = reader.quantity()
    if reader.peek():
        raise reader.unexpected("the end")
    if isinstance(quantity, Measure | Share) and quantity.layer is None:
        raise reader.error("the layer is missing", "Write it before a dot, counted from 0: 2.W[17,3], mean |0.dW|")
    return Watch(text.strip(), quantity)
