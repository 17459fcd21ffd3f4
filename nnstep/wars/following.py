"""Looks at results and reports again and again, so that a contest can be watched wherever it runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from nnstep.wars.contest import Contest, Job
from nnstep.wars.leaderboard import boards_of, contest_entries, make_board
from nnstep.wars.reports import Reports
from nnstep.wars.results import Results, Row
from nnstep.wars.standings import Standings, standings, with_running

FRESH_SECONDS = 60.0
"""A report that is older is of a contest that was killed; a job reports every 250 ms while it trains."""


class Follower(Protocol):
    """Tells how contests stand."""

    def look(self) -> tuple[Standings, ...]:
        """How they stand now, one for each leaderboard.

        Raises:
            NnstepError: the results cannot be read.
        """
        ...


class ContestFollower:
    """Follows one contest.

    Args:
        contest: what the file says.
        jobs: all of it.
        title: of the leaderboard.
        results: where results are appended.
    """

    def __init__(self, contest: Contest, jobs: Sequence[Job], title: str, results: Results) -> None:
        self.contest, self.jobs, self.title = contest, jobs, title
        self._names = {job.key: job.name for job in jobs}
        self._files = _Files([results])
        self._still: Standings | None = None

    def look(self) -> tuple[Standings, ...]:
        """See `Follower.look`."""
        changed, rows = self._files.look()
        if changed or self._still is None:
            self._still = standings(make_board(self.title, contest_entries(self.contest, self.jobs, rows)))
        live = {key: report for key, report in self._files.reports() if key not in rows}
        return (with_running(self._still, [(self._names[key], live[key]) for key in live if key in self._names]),)


class ResultsFollower:
    """Follows results files, whatever contests they are of.

    Args:
        paths: the files.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._files = _Files([Results(path, new=False) for path in paths])
        self._still: list[Standings] = []

    def look(self) -> tuple[Standings, ...]:
        """See `Follower.look`."""
        changed, rows = self._files.look()
        if changed:
            self._still = [standings(board) for board in boards_of(list(rows.values()))]
        live = [(report["group"], report) for key, report in self._files.reports() if key not in rows]
        found = []
        for still in self._still:
            names = {line.entry.rows[0].contender: line.name for line in still.lines} if live else {}
            found.append(with_running(still, [(names[group], report) for group, report in live if group in names]))
        return tuple(found)


class _Files:
    """Results files, read again only where they have changed."""

    def __init__(self, files: Sequence[Results]) -> None:
        self.files = files
        self._marks: dict[str, Any] = {}
        self._rows: dict[str, list[Row]] = {}
        self._all: dict[str, Row] = {}

    def look(self) -> tuple[bool, dict[str, Row]]:
        """Whether there is anything new, and all results by their keys; of equal ones the first."""
        changed = False
        for file in self.files:
            mark = _mark(file.path)
            if mark is None or mark != self._marks.get(file.path):
                self._rows[file.path], self._marks[file.path] = file.rows(), mark
                changed = True
        if changed:
            self._all = {}
            for row in (row for file in self.files for row in self._rows[file.path]):
                self._all.setdefault(row.key, row)
        return changed, self._all

    def reports(self) -> list[tuple[str, dict[str, Any]]]:
        """Keys and reports of the jobs that are running."""
        return [pair for file in self.files for pair in Reports(file.path).read(FRESH_SECONDS).items()]


def _mark(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
