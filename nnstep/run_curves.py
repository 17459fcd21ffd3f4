"""The loss curves of all branches of a run, kept up with what is logged while it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from nnstep.branches import Branch, path_of
from nnstep.curve import Curve, Floats, Window
from nnstep.history import Log


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """The part of a branch's way that one branch has.

    Attributes:
        branch: which one.
        index: how many samples of the way come before it.
        length: how many it has.
    """

    branch: Branch
    index: int
    length: int

    @property
    def offset(self) -> int:
        """What is added to an index on the way to get the count."""
        return self.branch.start - self.index


class RunCurves:
    """Curves over counts, each from the start of the run to the end of a branch.

    Another thread may train meanwhile: what it has logged by then is drawn.

    Args:
        branches: those of a timeline or a saved run, by name.
        per_epoch: how many samples an epoch has.
    """

    def __init__(self, branches: Mapping[str, Branch], per_epoch: int) -> None:
        self.branches, self.per_epoch = branches, per_epoch
        self._known: dict[Branch, _Known] = {}

    def extent(self, name: str) -> tuple[int, int]:
        """The counts from which and up to which the way of a branch goes."""
        pieces = _pieces(self.branches[name])
        return min(p.branch.start for p in pieces), max(p.branch.start + p.length for p in pieces)

    def window(self, name: str, start: int, stop: int, columns: int, smooth: int = 0) -> Window:
        """Sums up the samples of counts from `start` on, before `stop`; see `Curve.window`. x is in counts."""
        known, pieces = self._follow(self.branches[name])
        shown = [piece for piece in pieces if piece.length and _clipped(piece, start, stop)]
        if not shown or stop <= start:
            return known.curve.window(0, 0, 0)
        first = max(start - shown[0].offset, shown[0].index)
        last = min(stop - shown[-1].offset, shown[-1].index + shown[-1].length)
        columns = max(1, round(columns * (last - first) / (stop - start)))
        window = known.curve.window(first, last, columns, smooth, lambda a, b: _losses(pieces, a, b))
        which = np.searchsorted([piece.index for piece in shown], window.x, side="right") - 1
        offsets = np.array([piece.offset for piece in shown])
        return replace(window, x=window.x + offsets[np.maximum(which, 0)])

    def epoch_means(self, name: str) -> list[tuple[int, float]]:
        """Each epoch that was begun, from 1, with the mean loss of its samples; those that are over are kept."""
        known, pieces = self._follow(self.branches[name])
        parts: dict[int, list[tuple[int, int]]] = {}
        for piece in pieces:
            for epoch, begin, end in self._epochs(piece):
                parts.setdefault(epoch, []).append((begin, end))
        means = {}
        for epoch, ranges in parts.items():
            kept = known.means.get(epoch)
            if kept is None or kept[0] != ranges:
                kept = known.means[epoch] = (ranges, _mean(pieces, ranges))
            means[epoch] = kept[1]
        return sorted(means.items())

    def _epochs(self, piece: Piece) -> Iterator[tuple[int, int, int]]:
        """Epochs from 1 of which a piece has samples, with the indices of those."""
        count, stop = piece.branch.start, piece.branch.start + piece.length
        while count < stop:
            end = min(stop, (count // self.per_epoch + 1) * self.per_epoch)
            yield count // self.per_epoch + 1, count - piece.offset, end - piece.offset
            count = end

    def _follow(self, branch: Branch) -> tuple[_Known, list[Piece]]:
        """The curve of a branch with all that is logged by now."""
        pieces = _pieces(branch)
        known, logs = self._known.get(branch), [piece.branch.log for piece in pieces]
        total = pieces[-1].index + pieces[-1].length
        if known is None or any(a is not b for a, b in zip(known.logs, logs, strict=True)):
            known = self._known[branch] = _Known(logs)
        known.curve.add(_losses(pieces, known.curve.samples, total))
        return known, pieces


@dataclass(eq=False, slots=True)
class _Known:
    """A curve that was drawn before, and the logs that it was made of: a run that is cut gets another one."""

    logs: list[Log]
    curve: Curve = field(default_factory=Curve)
    means: dict[int, tuple[list[tuple[int, int]], float]] = field(default_factory=dict)


def _pieces(branch: Branch) -> list[Piece]:
    path, pieces, index = path_of(branch)[::-1], [], 0
    for part, child in zip(path, [*path[1:], None], strict=True):
        length = child.origin - part.start if child else len(part.log)
        pieces.append(Piece(part, index, length))
        index += length
    return pieces


def _clipped(piece: Piece, start: int, stop: int) -> bool:
    return piece.branch.start < stop and start < piece.branch.start + piece.length


def _losses(pieces: list[Piece], start: int, stop: int) -> Floats:
    parts = [
        piece.branch.log.losses[max(start - piece.index, 0) : min(stop - piece.index, piece.length)]
        for piece in pieces
        if start < piece.index + piece.length and piece.index < stop
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def _mean(pieces: list[Piece], ranges: list[tuple[int, int]]) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.concatenate([_losses(pieces, begin, end) for begin, end in ranges]).mean())
