"""Results in one SQLite file: appended whole, never changed, and merged from several people."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnstep.errors import NnstepError
from nnstep.network import Evaluation
from nnstep.wars.job import FINISHED, LOST, Result

FORMAT = 1
MARK = 0x6E6E7774
COLUMNS = {
    "key": "TEXT PRIMARY KEY",
    "contender": "TEXT NOT NULL",
    "contest": "TEXT NOT NULL",
    "name": "TEXT NOT NULL",
    "settings": "TEXT NOT NULL",
    "seed": "INTEGER NOT NULL",
    "budget_seconds": "REAL",
    "data": "TEXT NOT NULL",
    "limit_train": "INTEGER",
    "limit_test": "INTEGER",
    "fingerprint": "TEXT NOT NULL",
    "status": "TEXT NOT NULL",
    "why": "TEXT NOT NULL",
    "errors": "TEXT NOT NULL",
    "epoch": "INTEGER NOT NULL",
    "sample": "INTEGER NOT NULL",
    "test_loss": "REAL",
    "correct": "INTEGER",
    "strict_correct": "INTEGER",
    "test_samples": "INTEGER",
    "parameters": "INTEGER NOT NULL",
    "seconds": "REAL NOT NULL",
    "cpu_seconds": "REAL NOT NULL",
    "engine": "TEXT NOT NULL",
    "versions": "TEXT NOT NULL",
    "who": "TEXT NOT NULL",
    "host": "TEXT NOT NULL",
    "finished_at": "REAL NOT NULL",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One result as it stands in a file.

    Attributes:
        key: of settings, data and seed.
        contender: the same without the seed.
        contest, name: of contest and contender.
        settings: as in the contest.
        seed: of this run.
        budget_seconds: the time it had, None for any.
        data, limit_train, limit_test, fingerprint: what it learned from.
        status, why, errors, epoch, sample, parameters, seconds, cpu_seconds, engine, versions, host: as in `Result`.
        test_loss, correct, strict_correct, test_samples: scores; None where it lost.
        who: who ran it.
        finished_at: when, in seconds since 1970.
    """

    key: str
    contender: str
    contest: str
    name: str
    settings: dict[str, Any]
    seed: int
    budget_seconds: float | None
    data: str
    limit_train: int | None
    limit_test: int | None
    fingerprint: str
    status: str
    why: str
    errors: list[float]
    epoch: int
    sample: int
    test_loss: float | None
    correct: int | None
    strict_correct: int | None
    test_samples: int | None
    parameters: int
    seconds: float
    cpu_seconds: float
    engine: str
    versions: dict[str, str]
    who: str
    host: str
    finished_at: float

    @property
    def test(self) -> Evaluation | None:
        """Its scores on the test set."""
        if self.status != FINISHED or None in (self.test_loss, self.correct, self.strict_correct, self.test_samples):
            return None
        return Evaluation(self.test_loss, self.correct, self.strict_correct, self.test_samples)  # type: ignore[arg-type]


class Results:
    """One results file.

    Args:
        path: the file; it is made where there is none.
        new: it may be made.

    Raises:
        NnstepError: it cannot be opened, or is something else.
    """

    def __init__(self, path: str, new: bool = True) -> None:
        self.path = path
        if not new and not Path(path).is_file():
            raise NnstepError(f"{path}: there is no such results file", "nnstep wars FILE.toml makes one")
        if not Path(path).resolve().parent.is_dir():
            raise NnstepError(f"{path}: the folder {Path(path).parent} does not exist")
        with self._connect() as connection:
            if _is_empty(connection) and new:
                _make_table(connection)
            mark, version = (
                connection.execute(f"PRAGMA {n}").fetchone()[0] for n in ("application_id", "user_version")
            )
        if mark != MARK:
            raise NnstepError(f"{path}: not a file of results of nnstep wars")
        if version > FORMAT:
            raise NnstepError(f"{path}: written in version {version} of the format", "Install a newer nnstep")

    def add(self, result: Result, who: str) -> bool:
        """Appends a result in one transaction; False where its key is there already."""
        return self.append([row_of(result, who)]) == 1

    def append(self, rows: Iterable[Row]) -> int:
        """Appends rows, all or none; those whose key is there already are left out. Returns how many were new."""
        marks = ", ".join("?" * len(COLUMNS))
        with self._connect() as connection, connection:
            before = connection.total_changes
            connection.executemany(f"INSERT OR IGNORE INTO results VALUES ({marks})", [_values(row) for row in rows])
            return connection.total_changes - before

    def rows(self) -> list[Row]:
        """All results, in the order in which they came."""
        with self._connect() as connection:
            found = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM results ORDER BY finished_at, rowid")
            try:
                return [_read(values) for values in found]
            except (ValueError, TypeError):
                raise NnstepError(f"{self.path}: damaged: a result cannot be read") from None

    @contextlib.contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        """A connection for one purpose, so that threads and processes share the file and nothing else."""
        try:
            connection = sqlite3.connect(self.path, timeout=30)
            try:
                yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise NnstepError(f"{self.path}: cannot be used as a results file ({error})") from None
        except UnicodeDecodeError:  # sqlite3 quotes a damaged file in its message, and cannot read that
            raise NnstepError(f"{self.path}: cannot be used as a results file (it is damaged)") from None


def _is_empty(connection: sqlite3.Connection) -> bool:
    return not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


def _make_table(connection: sqlite3.Connection) -> None:
    """Makes a file that of several who begin at once one alone makes, and nobody sees half made."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if _is_empty(connection):
            columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
            connection.execute(f"CREATE TABLE results ({columns})")
            connection.execute(f"PRAGMA application_id = {MARK}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")


def merge(sources: Iterable[str], target: str) -> tuple[int, int]:
    """Appends the results of several files to one, all or none; of equal keys the first stays.

    Returns:
        How many are new in the target, and how many it has now.

    Raises:
        NnstepError: a file cannot be read, or is something else.
    """
    rows = [row for path in sources for row in Results(path, new=False).rows()]
    results = Results(target)
    return results.append(rows), len(results.rows())


def row_of(result: Result, who: str) -> Row:
    """A result as it will stand in a file."""
    job, test = result.job, result.test
    return Row(
        job.key,
        job.group,
        job.contest,
        job.name,
        dict(job.settings),
        job.seed,
        job.seconds,
        job.data,
        job.limit,
        job.test_limit,
        job.fingerprint,
        result.status,
        result.why,
        list(result.errors),
        result.epoch,
        result.sample,
        test.loss if test else None,
        test.correct if test else None,
        test.strict_correct if test else None,
        test.samples if test else None,
        result.parameters,
        result.seconds,
        result.cpu_seconds,
        result.engine,
        result.versions,
        who,
        result.host,
        time.time(),
    )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _values(row: Row) -> list[Any]:
    values = [getattr(row, name) for name in COLUMNS]
    return [json.dumps(value) if isinstance(value, dict | list) else value for value in values]


def _read(values: tuple[Any, ...]) -> Row:
    """The row of these values; raises ValueError or TypeError where nnstep cannot have written them."""
    known = dict(zip(COLUMNS, values, strict=True))
    if not all(_fits(known[name], kind) for name, kind in COLUMNS.items()):
        raise TypeError
    row = Row(**known | {name: json.loads(known[name]) for name in ("settings", "errors", "versions")})
    if row.status not in (FINISHED, LOST) or (row.status == FINISHED and not (row.test and row.test.samples > 0)):
        raise ValueError
    return row


def _fits(value: object, kind: str) -> bool:
    """A value is what its column holds."""
    if value is None:
        return "NOT NULL" not in kind and "KEY" not in kind
    return isinstance(value, {"TEXT": str, "INTEGER": int, "REAL": int | float}[kind.partition(" ")[0]])
