"""The leaderboard: contenders in the order of their accuracy, with what is within noise, and who lost by what."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from nnstep.network import Evaluation
from nnstep.wars.contest import Contest, Job
from nnstep.wars.intervals import Interval, accuracy_interval, within_noise
from nnstep.wars.results import Row


@dataclass(frozen=True, slots=True)
class Entry:
    """One contender with all its results.

    Attributes:
        name: of the contender.
        settings: how it was trained.
        rows: a result for each seed that is done.
        seeds: how many there shall be.
        out: why it may not take part; empty where it may.
        parameters: how many numbers it learns.
    """

    name: str
    settings: Mapping[str, Any]
    rows: tuple[Row, ...]
    seeds: int
    out: str = ""
    parameters: int = 0

    @property
    def scores(self) -> list[Evaluation]:
        """Of each seed that finished."""
        return [row.test for row in self.rows if row.test]

    @property
    def why(self) -> str:
        """What it lost by, with the seed where there are several; empty where it did not."""
        if self.out:
            return self.out
        for row in self.rows:
            if row.test is None:
                return row.why if self.seeds == 1 else f"seed {row.seed}: {row.why}"
        return ""

    @property
    def interval(self) -> Interval:
        """Its accuracy."""
        scores = self.scores
        return accuracy_interval([test.correct / test.samples for test in scores], scores[0].samples)

    @property
    def strict_accuracy(self) -> float:
        """Mean over the seeds."""
        return statistics.fmean(test.strict_correct / test.samples for test in self.scores)

    @property
    def error(self) -> float | None:
        """Of the last whole epoch, mean over the seeds; None where there is none."""
        errors = [row.errors[-1] for row in self.rows if row.errors]
        return statistics.fmean(errors) if errors else None

    @property
    def seconds(self) -> float:
        """Of training by the clock, mean over the seeds."""
        return statistics.fmean(row.seconds for row in self.rows)

    @property
    def cpu_seconds(self) -> float:
        """Of training as the processor spent it, mean over the seeds."""
        return statistics.fmean(row.cpu_seconds for row in self.rows)


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """All entries of one contest, or of one data set.

    Attributes:
        title: what it is of.
        ranked: those that finished, best first.
        lost: those that did not.
        waiting: those without a result.
    """

    title: str
    ranked: tuple[Entry, ...]
    lost: tuple[Entry, ...]
    waiting: tuple[Entry, ...] = field(default=())

    def tied(self, entry: Entry) -> bool:
        """What parts it from the winner is within noise; the winner itself is not meant."""
        return entry is not self.ranked[0] and within_noise(self.ranked[0].interval, entry.interval)


def make_board(title: str, entries: Sequence[Entry]) -> Leaderboard:
    """Sorts entries: by accuracy, then strict accuracy, then fewer parameters, then name."""
    done = [entry for entry in entries if not entry.why and entry.rows]
    ranked = sorted(done, key=lambda e: (-e.interval.mean, -e.strict_accuracy, e.parameters, e.name))
    lost = tuple(entry for entry in entries if entry.why)
    return Leaderboard(title, tuple(ranked), lost, tuple(e for e in entries if not e.why and not e.rows))


def contest_entries(contest: Contest, jobs: Sequence[Job], rows: Mapping[str, Row]) -> list[Entry]:
    """The contest's contenders with what results there are, by their keys."""
    done: dict[str, list[Row]] = {}
    for job in jobs:
        if job.key in rows:
            done.setdefault(job.name, []).append(rows[job.key])
    entries = []
    for contender in contest.contenders:
        found = tuple(done.get(contender.name, ()))
        out = contest.why_not(contender) or ""
        seeds = len(contender.seeds)
        entries.append(Entry(contender.name, contender.settings, found, seeds, out, contender.parameters))
    return entries


def boards_of(rows: Sequence[Row]) -> list[Leaderboard]:
    """A leaderboard for each data set that results are of, with all contenders of whatever contest."""
    sets: dict[tuple[str, int | None], dict[str, list[Row]]] = {}
    for row in rows:
        sets.setdefault((row.fingerprint, row.limit_test), {}).setdefault(row.contender, []).append(row)
    boards = []
    for groups in sets.values():
        first = next(iter(groups.values()))[0]
        limit = f", first {first.limit_train:,}" if first.limit_train else ""
        names = [group[0].name for group in groups.values()]
        entries = []
        for group in groups.values():
            name, row = group[0].name, group[0]
            if names.count(name) > 1:
                name = f"{name} ({row.who}, {row.contest}, {row.contender[:6]})"
            entries.append(Entry(name, row.settings, tuple(group), len(group), "", row.parameters))
        boards.append(make_board(f"{first.data}{limit}", entries))
    return boards


def board_json(board: Leaderboard) -> dict[str, Any]:
    """A leaderboard as JSON's own types."""
    return {
        "title": board.title,
        "leaderboard": [_entry_json(board, entry, rank) for rank, entry in enumerate(board.ranked, 1)],
        "lost": [
            {"name": e.name, "why": e.why, "settings": dict(e.settings), "runs": [_run_json(row) for row in e.rows]}
            for e in board.lost
        ],
        "waiting": [entry.name for entry in board.waiting],
    }


def _entry_json(board: Leaderboard, entry: Entry, rank: int) -> dict[str, Any]:
    interval = entry.interval
    return {
        "rank": rank,
        "name": entry.name,
        "accuracy": interval.mean,
        "interval": [interval.low, interval.high],
        "interval_kind": interval.kind,
        "strict_accuracy": entry.strict_accuracy,
        "error": entry.error,
        "test_loss": statistics.fmean(test.loss for test in entry.scores),
        "parameters": entry.parameters,
        "seconds": entry.seconds,
        "cpu_seconds": entry.cpu_seconds,
        "seeds": [row.seed for row in entry.rows],
        "seeds_missing": entry.seeds - len(entry.rows),
        "within_noise_of_winner": board.tied(entry),
        "within_noise_of": [e.name for e in board.ranked if e is not entry and within_noise(e.interval, interval)],
        "settings": dict(entry.settings),
        "runs": [_run_json(row) for row in entry.rows],
    }


def _run_json(row: Row) -> dict[str, Any]:
    test = row.test
    return {
        "seed": row.seed,
        "key": row.key,
        "status": row.status,
        "why": row.why,
        "errors": row.errors,
        "epoch": row.epoch,
        "sample": row.sample,
        "test": asdict(test) if test else None,
        "seconds": row.seconds,
        "cpu_seconds": row.cpu_seconds,
        "engine": row.engine,
        "versions": row.versions,
        "who": row.who,
        "host": row.host,
    }
