"""Runs jobs in parallel through joblib, tries those again whose process died; the processes of this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import warnings
from collections.abc import Callable, Generator, Iterator
from typing import Any, Protocol

from nnstep.samples import Dataset
from nnstep.signals import held_back
from nnstep.wars.contest import Job
from nnstep.wars.job import LOST, Result, run_job
from nnstep.wars.reports import FileReporter, Reports

ATTEMPTS = 3
DIED = f"its process died {ATTEMPTS} times"


class Backend(Protocol):
    """Where jobs run."""

    def run(self, jobs: list[Job], together: bool) -> Generator[Result]:
        """Gives results as they come; `together` tells several at a time from one at a time.

        Closing the generator ends what still runs.

        Raises:
            WorkerDied: a process that ran one of them went away.
        """
        ...


class WorkerDied(Exception):
    """A process that ran a job went away before it was done."""


def run_all(jobs: list[Job], backend: Backend, reports: Reports, take: Callable[[Result], object]) -> None:
    """Runs all jobs; those whose process died run again, at last each alone, so that one kills no others.

    Args:
        jobs: what is to be done.
        backend: where.
        reports: tells which jobs had begun when a process died.
        take: is given each result as it comes.
    """
    waiting = {job.key: job for job in jobs}
    suspects: list[Job] = []

    def run(some: list[Job], together: bool) -> bool:
        try:
            with contextlib.closing(backend.run(some, together)) as results:
                for result in results:
                    if waiting.pop(result.job.key, None):
                        reports.drop(result.job.key)
                        take(result)
        except WorkerDied:
            return False
        return True

    while some := [job for job in waiting.values() if job not in suspects]:
        if not run(some, together=True):
            begun = reports.read()
            suspects += [job for job in some if job.key in waiting and job.key in begun] or some[:1]
    for job in suspects:
        for _ in range(ATTEMPTS - 1):
            if job.key in waiting and run([job], together=False):
                break
        if waiting.pop(job.key, None):
            reports.drop(job.key)
            take(Result(job, LOST, DIED))


class LocalBackend:
    """Processes of this machine, one thread each.

    Args:
        workers: how many.
        reports: where the processes report to.
        save: gives the file for a job's whole run, or None.
    """

    def __init__(self, workers: int, reports: Reports, save: Callable[[Job], str | None]) -> None:
        self.workers, self.save = workers, save
        self.reporter = FileReporter(str(reports.folder))

    def run(self, jobs: list[Job], together: bool) -> Generator[Result]:
        """See `Backend.run`."""
        from joblib import parallel_config
        from joblib.externals.loky import BrokenProcessPool

        from nnstep.wars.local_joblib import BACKEND, dismiss

        _begin_trackers()
        parts = [jobs] if together and self.workers > 1 else [[job] for job in jobs]
        try:
            with quiet(), parallel_config(backend=BACKEND, inner_max_num_threads=1):
                for part in parts:
                    calls = [((job, self.reporter), {"save": self.save(job)}) for job in part]
                    yield from in_parallel(calls, max(self.workers, 2))
        except BrokenProcessPool:
            raise WorkerDied from None
        dismiss()


def in_parallel(calls: list[Any], workers: int) -> Generator[Result]:
    """Runs jobs and gives their results as they come."""
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=workers, batch_size=1, return_as="generator_unordered")
    with held_back():
        results = parallel(delayed(work)(*args, **more) for args, more in calls)
    yield from results


def work(
    job: Job, report: Callable[[dict[str, Any]], object], dataset: Dataset | None = None, save: str | None = None
) -> Result:
    """Runs a job in a worker, which leaves Ctrl-C to the process that started it."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return run_job(job, report, dataset, save)


def _begin_trackers() -> None:
    """Starts what keeps account of shared memory; as that lets go of Ctrl-C, it may not begin with the workers."""
    if os.name != "posix":
        return
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend.resource_tracker import ensure_running

    with held_back():
        resource_tracker.ensure_running()
        ensure_running()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Leaves out what joblib and Dask warn of while workers come and go."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
