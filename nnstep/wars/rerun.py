"""A contender's run for the debugger: the one that was kept, or trained anew from its seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnstep.data import load_data
from nnstep.errors import NnstepError
from nnstep.runs import fingerprint
from nnstep.samples import Dataset
from nnstep.wars.contest import Job
from nnstep.wars.job import run_job
from nnstep.wars.results import Row

STOPPED = "stopped"


class _Stop(BaseException):
    """Passes through `run_job`, which takes every exception for a loss."""


def run_file(results: str, key: str) -> Path:
    """Where --save-runs keeps the run of a result."""
    return Path(f"{results}.runs") / f"{key}.nnrun"


def job_of(row: Row) -> Job:
    """What was to be done for a result, without a budget of time: its epochs alone are trained anew."""
    settings = row.settings | {"epochs": max(1, row.epoch)}
    where = (row.data, row.limit_train, row.limit_test, row.fingerprint)
    return Job(row.key, row.contender, row.contest, row.name, settings, row.seed, None, *where)


def train_anew(
    job: Job, path: str, data: str | None, dataset: Dataset | None, goes_on: Callable[[dict[str, Any]], bool]
) -> str:
    """Trains and writes the run.

    Args:
        job: what is trained.
        path: the run file to be written.
        data: where the job's samples are, if elsewhere than when it ran.
        dataset: these samples, if they are loaded.
        goes_on: is told how far it is; where it says no, training stops and what there is of the run is written.

    Returns:
        What ended it before its last epoch; empty where nothing did.

    Raises:
        NnstepError: the samples are missing or others, or the run cannot be written.
    """
    job = replace(job, data=data or job.data)
    dataset = dataset or load_data(job.data, job.limit, job.test_limit)
    if fingerprint(dataset.train) != job.fingerprint:
        raise NnstepError(f"{job.name} learned from other digits than {job.data} has now", "Give --data and --limit")

    def report(told: dict[str, Any]) -> None:
        if not goes_on(told):
            raise _Stop

    try:
        why = run_job(job, report, dataset, path).why
    except _Stop:
        why = STOPPED
    if not Path(path).exists():
        raise NnstepError(f"{job.name}: there is no run to open: {why}")
    return why
