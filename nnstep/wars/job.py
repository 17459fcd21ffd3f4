"""Trains one contender with one seed, in whatever process it finds itself, and gives back its result."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import socket
import time
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from nnstep import __version__
from nnstep.branches import Position
from nnstep.commands import test_set
from nnstep.data import load_data
from nnstep.early_stopping import EarlyStopping
from nnstep.engines.base import choose_engine
from nnstep.errors import NnstepError
from nnstep.network import Evaluation
from nnstep.runs import save_run
from nnstep.samples import Dataset
from nnstep.timeline import Timeline
from nnstep.training import Progress, Trainer
from nnstep.wars.contest import Job
from nnstep.workbench import Workbench, set_up, settings_of

ENDLESS = 1_000_000
REPORT_SECONDS = 0.25
FINISHED, LOST = "finished", "lost"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a job.

    Attributes:
        job: what was to be done.
        status: finished or lost.
        why: what it lost by, or what ended it before its last epoch; empty otherwise.
        errors: of each whole epoch.
        epoch, sample: where training ended: after so many samples of this epoch.
        test: scores on the test set; None where it lost.
        parameters: how many numbers were learned.
        seconds: of training alone, by the clock.
        cpu_seconds: the same as the processor spent it: others that keep it busy do not count.
        engine: what trained it.
        versions: of what it was computed with.
        host: the machine.
    """

    job: Job
    status: str
    why: str = ""
    errors: tuple[float, ...] = ()
    epoch: int = 0
    sample: int = 0
    test: Evaluation | None = None
    parameters: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    engine: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    host: str = ""


Report = Callable[[dict[str, Any]], object]


def run_job(job: Job, report: Report, dataset: Dataset | None = None, save: str | None = None) -> Result:
    """Trains, evaluates and keeps what happened; whatever goes wrong makes it lose, and is no error here.

    Args:
        job: what is to be done.
        report: is told how far it is, at most every 250 ms and at the end of each epoch.
        dataset: the samples, where the process need not load them itself.
        save: a file for the whole run.
    """
    course = _Course(job, report)
    known: dict[str, Any] = {"versions": versions(), "host": socket.gethostname()}
    try:
        with one_thread(), np.errstate(over="ignore", invalid="ignore"):
            test = course.run(dataset, save)
        if not np.isfinite(test.loss):
            return Result(job, LOST, "its outputs on the test set are not finite", **course.told(), **known)
        return Result(job, FINISHED, course.ended, test=test, **course.told(), **known)
    except NnstepError as error:
        why = error.message
    except MemoryError:
        why = "it does not fit into memory"
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        why = f"{type(error).__name__}: {error} ({os.path.basename(place.filename)}, line {place.lineno})"
    return Result(job, LOST, why, **course.told(), **known)


class _Course:
    """How one job goes."""

    def __init__(self, job: Job, report: Report) -> None:
        self.job, self.report = job, report
        self.errors: list[float] = []
        self.epoch = self.sample = self.parameters = 0
        self.seconds, self.cpu_seconds, self.engine, self.ended = 0.0, 0.0, "", ""

    def run(self, dataset: Dataset | None, save: str | None) -> Evaluation:
        """Trains to the end and evaluates."""
        options = options_of(self.job)
        bench = set_up(options, dataset or _loaded(self.job.data, self.job.limit, self.job.test_limit))
        engine = choose_engine(options.engine, bench.stack)
        self.engine = engine.name
        self.parameters = sum(a.size for layer in bench.network.layers for a in layer.parameters.values())
        settings = settings_of(options)
        timeline = Timeline(bench.stack, bench.data.train, engine, settings) if save else None
        self._tell(0, len(bench.data.train))
        engine.prepare(bench.stack, bench.data.train)
        trainer = Trainer(bench.stack, bench.data.train, engine, settings, timeline=timeline)
        try:
            self._train(trainer, bench)
        finally:
            if timeline and save:
                config = vars(options) | {"layers": self.job.settings["layers"], "data": self.job.data}
                save_run(save, timeline, config)
        return test_set(bench.network, bench.data.test)

    def _train(self, trainer: Trainer, bench: Workbench) -> None:
        patience, last = self.job.settings["patience"], self.job.settings["epochs"] or ENDLESS
        stopping = EarlyStopping(patience) if patience else None
        began, cpu_began = time.perf_counter(), time.thread_time()
        told, samples = 0.0, len(trainer.samples)
        for progress in trainer.run(last):
            self.seconds, self.cpu_seconds = time.perf_counter() - began, time.thread_time() - cpu_began
            self.epoch, self.sample = progress.epoch, progress.sample
            if progress.epoch_ended:
                self.errors.append(progress.error)
                if stopping and bench.held_out:
                    held_out = test_set(bench.network, bench.held_out).loss
                    if stopping.after_epoch(held_out, bench.stack):
                        self.ended = f"no better on held-out digits for {patience} epochs"
                        break
            if progress.epoch_ended or self.seconds - told > REPORT_SECONDS:
                told = self.seconds
                self._tell(progress.sample, samples)
            if self._out_of_time(progress, last):
                self.ended = f"out of time at {Position(progress.epoch, progress.sample)}"
                break
        if stopping and stopping.errors:
            bench.stack.restore(stopping.best)

    def _out_of_time(self, progress: Progress, last: int) -> bool:
        over = progress.epoch_ended and progress.epoch == last
        return self.job.seconds is not None and self.seconds >= self.job.seconds and not over

    def _tell(self, sample: int, samples: int) -> None:
        self.report(
            {
                "key": self.job.key,
                "group": self.job.group,
                "name": self.job.name,
                "seed": self.job.seed,
                "pid": os.getpid(),
                "epoch": max(self.epoch, 1),
                "epochs": self.job.settings["epochs"],
                "sample": sample,
                "samples": samples,
                "errors": self.errors,
                "seconds": self.seconds,
                "budget": self.job.seconds,
            }
        )

    def told(self) -> dict[str, Any]:
        """What there is to say, however it ended."""
        return {
            "errors": tuple(self.errors),
            "epoch": self.epoch,
            "sample": self.sample,
            "parameters": self.parameters,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "engine": self.engine,
        }


def options_of(job: Job) -> Namespace:
    """The options of `nnstep train` that do the same."""
    more = {"seed": job.seed, "weights": None, "data": job.data, "limit": job.limit, "test_limit": job.test_limit}
    return Namespace(**job.settings, **more)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Keeps BLAS and numba at one thread each."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


def versions() -> dict[str, str]:
    """What results may depend on: nnstep, Python, numpy, numba, and the machine's kind."""
    found = {
        "nnstep": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
    }
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        found["numba"] = importlib.metadata.version("numba")
    return found


def as_json(result: Result) -> dict[str, Any]:
    """A result as JSON's own types."""
    return asdict(result)


@lru_cache(maxsize=1)
def _loaded(data: str, limit: int | None, test_limit: int | None) -> Dataset:
    return load_data(data, limit, test_limit)
