"""How a contest stands at a moment: every contender with its place, what it is doing, and its errors so far."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.network import loss_text
from nnstep.wars.bars import share_done
from nnstep.wars.contest import USUAL
from nnstep.wars.leaderboard import Entry, Leaderboard

Report = Mapping[str, Any]
WAITING, RUNNING, FINISHED, LOST = "waiting", "running", "finished", "lost"


@dataclass(frozen=True, eq=False, slots=True)
class Standing:
    """One contender at a moment.

    Attributes:
        entry: the contender with its results.
        rank: its place, from 1; None without a result, and for those that lost.
        tied: what parts it from the winner is within noise.
        live: what its running jobs report.
    """

    entry: Entry
    rank: int | None = None
    tied: bool = False
    live: tuple[Report, ...] = ()

    @property
    def name(self) -> str:
        """Of the contender."""
        return self.entry.name

    @property
    def state(self) -> str:
        """waiting, running, finished or lost; one that waits for its next seed is finished so far."""
        if self.entry.why:
            return LOST
        if self.live:
            return RUNNING
        return FINISHED if self.entry.rows else WAITING

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1, all seeds together."""
        return min(1.0, (len(self.entry.rows) + sum(map(share_done, self.live))) / max(1, self.entry.seeds))

    @property
    def error(self) -> float | None:
        """Of the last whole epoch, mean over the seeds that are done, or else over those that run."""
        live = [report["errors"][-1] for report in self.live if report["errors"]]
        return self.entry.error if self.entry.rows or not live else statistics.fmean(live)

    @property
    def seconds(self) -> float | None:
        """Of training, mean over the seeds that are done, or else over those that run."""
        if self.entry.rows:
            return self.entry.seconds
        return statistics.fmean(report["seconds"] for report in self.live) if self.live else None

    def curve(self) -> NDArray[np.float64]:
        """(epochs,) the error of each epoch, mean over the seeds that have come so far."""
        curves = [row.errors for row in self.entry.rows] + [report["errors"] for report in self.live]
        longest = max(map(len, curves), default=0)
        padded = np.full((max(1, len(curves)), longest), np.nan)
        for padding, errors in zip(padded, curves, strict=False):
            padding[: len(errors)] = errors
        known = np.isfinite(padded)
        with np.errstate(invalid="ignore", over="ignore"):
            mean: NDArray[np.float64] = np.where(known, padded, 0).sum(axis=0) / known.sum(axis=0)
        return mean


@dataclass(frozen=True, eq=False, slots=True)
class Standings:
    """All contenders of one contest, or of one data set, at a moment.

    Attributes:
        board: the leaderboard.
        lines: the contenders: those with a place, those at work, those that wait, those that lost.
        done, total: how many jobs.
        running: how many jobs are running.
    """

    board: Leaderboard
    lines: tuple[Standing, ...]
    done: int
    total: int
    running: int

    @property
    def missing(self) -> int:
        """How many jobs are not done."""
        return self.total - self.done

    def find(self, name: str | None) -> int | None:
        """The number of the line of a contender."""
        return next((number for number, line in enumerate(self.lines) if line.name == name), None)


def standings(board: Leaderboard) -> Standings:
    """How a leaderboard stands where nothing runs."""
    ranked = [Standing(entry, rank, board.tied(entry)) for rank, entry in enumerate(board.ranked, 1)]
    lines = (*ranked, *map(Standing, board.waiting), *map(Standing, board.lost))
    done = sum(len(line.entry.rows) for line in lines)
    total = sum(line.entry.seeds for line in lines if not line.entry.out)
    return Standings(board, lines, done, total, 0)


def with_running(before: Standings, live: Iterable[tuple[str, Report]]) -> Standings:
    """The same with what is running; lines of others stay the same objects.

    Args:
        before: where nothing runs.
        live: name of the contender and report of each job that is running.
    """
    reports: dict[str, list[Report]] = {}
    for name, report in live:
        reports.setdefault(name, []).append(report)
    if not reports:
        return before
    lines = [replace(line, live=tuple(reports[line.name])) if line.name in reports else line for line in before.lines]
    first, last = len(before.board.ranked), len(before.board.ranked) + len(before.board.waiting)
    lines[first:last] = sorted(lines[first:last], key=lambda line: not line.live)
    return replace(before, lines=tuple(lines), running=sum(len(line.live) for line in lines))


def settings_text(entry: Entry) -> str:
    """What a contender is: its layers, and each setting that is not the usual one."""
    usual = {**USUAL, "layers": None, "epochs": None}
    said = [f"{key.replace('_', ' ')} {value}" for key, value in entry.settings.items() if value != usual.get(key)]
    return ", ".join(text.removeprefix("layers ") for text in said)


def seed_lines(standing: Standing) -> list[str]:
    """A line on each seed that is done or running."""
    lines = []
    for row in standing.entry.rows:
        test = row.test
        came = f"{100 * test.correct / test.samples:.2f} %, {row.seconds:.1f} s" if test else "lost"
        why = f", {row.why}" if row.why else ""
        lines.append(f"seed {row.seed}: {came}{why}")
    return lines + [f"seed {report['seed']}: {report_text(report)}" for report in standing.live]


def report_text(report: Report) -> str:
    """How far a running job is."""
    epochs = f" of {report['epochs']}" if report["epochs"] else ""
    error = f", error {loss_text(report['errors'][-1])}" if report["errors"] else ""
    sample = f"{report['sample']:,}/{report['samples']:,}"
    return f"epoch {report['epoch']}{epochs}, sample {sample}{error}, {report['seconds']:.1f} s"
