"""`nnstep wars`: runs contests, goes on with stopped ones, shows and merges their results."""

from __future__ import annotations

import getpass
import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnstep.command_output import write_json
from nnstep.data import load_data
from nnstep.errors import NnstepError
from nnstep.samples import Dataset
from nnstep.signals import Interrupted, exit_code, interrupting
from nnstep.storage import check_writable
from nnstep.wars.bars import watching
from nnstep.wars.child import ContestProcess
from nnstep.wars.cluster import ClusterBackend
from nnstep.wars.contest import Contest, Job, jobs_of
from nnstep.wars.contest_file import MOST_SEEDS, Overrides, read_contest
from nnstep.wars.following import ContestFollower, ResultsFollower
from nnstep.wars.job import Result
from nnstep.wars.leaderboard import Leaderboard, board_json, boards_of, contest_entries, make_board
from nnstep.wars.leaderboard_text import board_text
from nnstep.wars.reports import Reports
from nnstep.wars.rerun import run_file
from nnstep.wars.results import Results, Row, merge, row_of
from nnstep.wars.running import DIED, LocalBackend, run_all
from nnstep.wars.watch_command import Watched, check_terminal, watch

STOPPED = "Stopped; the same command goes on from here"


def wars(options: Namespace) -> int:
    """Runs a contest, or does with results what the options ask for."""
    if options.json and options.json != "-":
        check_writable(options.json)
    if options.watch:
        check_terminal()
    if options.merge is not None:
        return _merge(options)
    if options.into:
        raise NnstepError("--into goes with --merge", "Such as --merge A.sqlite B.sqlite --into ALL.sqlite")
    if options.show is not None and not options.file:
        return _show(options)
    if options.show:
        if len(options.show) > 1 or options.results:
            raise NnstepError("--show with a contest takes one results file", "Without the contest it takes several")
        (options.results,) = options.show
    if not options.file:
        raise NnstepError("expected a contest file", "Such as nnstep wars FILE.toml; nnstep wars --show reads results")
    return _contest(options)


def results_path(options: Namespace) -> str:
    """Where results go: beside the contest file unless told otherwise."""
    return options.results or str(Path(options.file).with_suffix(".sqlite"))


def open_contest(options: Namespace) -> tuple[Contest, Dataset, list[Job]]:
    """The contest with its data and all its jobs, everything tried."""
    for name in ("epochs", "seeds", "jobs", "limit", "test_limit"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            option = f"--{name.replace('_', '-')}"
            raise NnstepError(f"{option} expected to be 1 or more, received {getattr(options, name)}")
    if options.seeds is not None and options.seeds > MOST_SEEDS:
        raise NnstepError(f"--seeds expected a number from 1 to {MOST_SEEDS}, received {options.seeds}")
    if options.seconds is not None and not options.seconds > 0:
        raise NnstepError(f"--seconds expected to be above 0, received {options.seconds:g}")
    said = (options.data, options.limit, options.test_limit, options.epochs, options.seconds, options.seeds)
    contest = read_contest(options.file, Overrides(*said))
    try:
        data = load_data(contest.data, contest.limit, contest.test_limit)
    except NnstepError as error:
        if not contest.data_place:
            raise
        raise NnstepError(f"{contest.data_place}: {error.message}", error.hint) from None
    contest.check_data(data)
    return contest, data, jobs_of(contest, data)


def _contest(options: Namespace) -> int:
    if (options.backend == "dask") != bool(options.scheduler):
        raise NnstepError("--backend dask and --scheduler go together", "Such as --scheduler tcp://10.0.0.5:8786")
    if options.backend == "dask" and options.save_runs:
        raise NnstepError("--save-runs keeps files on this machine; runs on a cluster cannot be kept")
    contest, data, jobs = open_contest(options)
    results = Results(results_path(options), new=options.show is None)
    title = f"{contest.name}: {_data_text(contest, data)}"
    code, died = 0, {}
    if options.watch:
        process = ContestProcess(options) if options.show is None else None
        follower = ContestFollower(contest, jobs, title, results)
        code = watch(Watched(follower, process, (results.path,), {job.key: job for job in jobs}, None, data))
    elif options.show is None:
        try:
            with interrupting():
                died = _train(jobs, data, results, options)
        except Interrupted as signal:
            _tell(STOPPED)
            return exit_code(signal.number)
    known = {row.key: row for row in results.rows()}
    board = make_board(title, contest_entries(contest, jobs, known | died))
    write_json(options, {"contest": contest.name, "results": results.path, **_about(contest), **board_json(board)})
    _print([board], options)
    if options.show is not None:
        return code
    if options.watch and any(job.key not in known for job in jobs):
        _tell(STOPPED)
    return code or (0 if board.ranked or options.watch else 1)


def _train(jobs: list[Job], data: Dataset, results: Results, options: Namespace) -> dict[str, Row]:
    """Trains what is not done; returns those whose processes died, which are tried again another time."""
    known = {row.key for row in results.rows()}
    left = list({job.key: job for job in jobs if job.key not in known}.values())
    if len(left) < len(jobs) and known:
        _tell(f"{len(jobs) - len(left)} of {len(jobs)} were done before")
    died = _run(left, len(jobs), data, results, options)
    return {result.job.key: row_of(result, options.who or _user()) for result in died}


def _run(left: list[Job], total: int, data: Dataset, results: Results, options: Namespace) -> list[Result]:
    """Trains what is left; returns those whose processes died."""
    reports = Reports(results.path)
    died: list[Result] = []
    if not left:
        return died
    who = options.who or _user()
    reports.begin()
    cluster: ClusterBackend | None = None
    try:
        if options.backend == "dask":
            cluster = ClusterBackend(options.scheduler, reports, data)
        workers = min(options.jobs or cores(), len(left))
        backend = cluster or LocalBackend(workers, reports, _run_files(results, options))
        with watching(reports, total, total - len(left)) as shown:

            def take(result: Result) -> None:
                if result.why == DIED:
                    died.append(result)
                else:
                    results.add(result, who)
                shown(result)

            run_all(left, backend, reports, take)
    finally:
        if cluster:
            cluster.close()
        reports.end()
    return died


def _run_files(results: Results, options: Namespace) -> Any:
    if not options.save_runs:
        return lambda job: None
    run_file(results.path, "").parent.mkdir(exist_ok=True)
    return lambda job: str(run_file(results.path, job.key).resolve())


def _show(options: Namespace) -> int:
    paths = options.show or ([options.results] if options.results else sorted(map(str, Path().glob("*.sqlite"))))
    if not paths:
        raise NnstepError("there is no results file in this folder", "Name some: --show FILE.sqlite")
    code = watch(Watched(ResultsFollower(paths), None, tuple(paths), {}, options.data)) if options.watch else 0
    rows: dict[str, Row] = {}
    for path in paths:
        for row in Results(path, new=False).rows():
            rows.setdefault(row.key, row)
    boards = boards_of(list(rows.values()))
    write_json(options, {"files": paths, "results": len(rows), "boards": [board_json(board) for board in boards]})
    _print(boards, options)
    return code


def _merge(options: Namespace) -> int:
    if not options.into or not options.merge:
        raise NnstepError("--merge needs files and --into", "Such as --merge A.sqlite B.sqlite --into ALL.sqlite")
    new, total = merge(options.merge, options.into)
    line = f"{options.into}: {new} new results, {total} in all"
    print(line, file=sys.stderr if options.json == "-" else sys.stdout)
    write_json(options, {"into": options.into, "new": new, "results": total})
    return 0


def _data_text(contest: Contest, data: Dataset) -> str:
    budget = [f"{contest.epochs} epoch{'s' * (contest.epochs > 1)}"] if contest.epochs else []
    budget += [f"{contest.seconds:g} s"] if contest.seconds else []
    budget += [f"{contest.parameters:,} parameters"] if contest.parameters else []
    limits = f"at most {', '.join(budget)}" if budget else "no limit"
    return f"{contest.data}, {len(data.train):,} training and {len(data.test):,} test samples, {limits}"


def _about(contest: Contest) -> dict[str, Any]:
    names = ("data", "limit", "test_limit", "epochs", "seconds", "parameters")
    return {name: getattr(contest, name) for name in names}


def _print(boards: Sequence[Leaderboard], options: Namespace) -> None:
    stream = sys.stderr if options.json == "-" else sys.stdout
    width = shutil.get_terminal_size().columns if stream.isatty() else None
    print("\n\n".join(board_text(board, width) for board in boards) or "no results", file=stream, flush=True)


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
